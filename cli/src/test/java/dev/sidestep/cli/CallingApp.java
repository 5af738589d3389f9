package dev.sidestep.cli;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Somebody's {@code app.jar}: calls a URL for a while and prints the answers. */
final class CallingApp {
    private CallingApp() {}

    public static void main(String[] arguments) throws Exception {
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
        for (int i = 0; i < 100; i++) {
            System.out.println(
                    client.send(request, BodyHandlers.ofString()).body().strip());
            Thread.sleep(30);
        }
    }
}
