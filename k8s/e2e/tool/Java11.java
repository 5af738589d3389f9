import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** An application for a Java that the agent does not support: says its version, then calls a URL so many times. */
public final class Java11 {
    private Java11() {}

    /** Arguments: the URL, how many calls. */
    public static void main(String[] args) throws Exception {
        System.out.println("java " + System.getProperty("java.specification.version"));
        awaitAnswer(args[0]);
        for (int i = 0; i < Integer.parseInt(args[1]); i++) {
            System.out.println("pod " + get(args[0]));
        }
    }

    /** kube-proxy needs a moment for the rules of a new Service. */
    private static void awaitAnswer(String url) throws Exception {
        for (int attempt = 0; attempt < 100; attempt++) {
            try {
                get(url);
                return;
            } catch (IOException notYet) {
                Thread.sleep(100);
            }
        }
    }

    private static String get(String url) throws IOException {
        var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        try (var reader =
                new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
            return reader.readLine();
        }
    }
}
