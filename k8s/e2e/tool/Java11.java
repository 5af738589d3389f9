import java.io.BufferedReader;
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
        for (int i = 0; i < Integer.parseInt(args[1]); i++) {
            var connection = (HttpURLConnection) URI.create(args[0]).toURL().openConnection();
            try (var reader = new BufferedReader(
                    new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
                System.out.println("pod " + reader.readLine());
            }
        }
    }
}
