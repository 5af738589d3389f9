package dev.sidestep.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** One backend: its ports stay, its process may be killed and started again. */
final class Pod {
    private final String name;
    private final int httpPort;
    private final int grpcPort;
    private final HttpClient client;
    private volatile PodState state = PodState.STARTING;
    private volatile Child process;

    Pod(String name, int httpPort, int grpcPort, HttpClient client, Child process) {
        this.name = name;
        this.httpPort = httpPort;
        this.grpcPort = grpcPort;
        this.client = client;
        this.process = process;
    }

    String name() {
        return name;
    }

    int httpPort() {
        return httpPort;
    }

    int grpcPort() {
        return grpcPort;
    }

    PodState state() {
        return state;
    }

    void becomes(PodState next) {
        state = next;
    }

    Child process() {
        return process;
    }

    void restartedAs(Child next) {
        process = next;
        state = PodState.STARTING;
    }

    boolean answersReady(Duration timeout) {
        return send("GET", "/ready", timeout);
    }

    void hang() throws DemoException {
        control("POST", "/faults?kind=hang");
    }

    void heal() throws DemoException {
        control("DELETE", "/faults");
    }

    private void control(String method, String path) throws DemoException {
        if (!send(method, path, Duration.ofSeconds(2))) {
            throw new DemoException(name + " does not take " + method + " " + path);
        }
    }

    private boolean send(String method, String path, Duration timeout) {
        try {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + path))
                    .timeout(timeout)
                    .method(method, BodyPublishers.noBody())
                    .build();
            return client.send(request, BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
