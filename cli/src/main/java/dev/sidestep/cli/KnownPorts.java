package dev.sidestep.cli;

import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** The ports of a Service that a process knows of. */
final class KnownPorts {
    private KnownPorts() {}

    /**
     * The ports of what {@code host}, a name without a port, can mean.
     *
     * @param status {@code /status}: a control plane lists its Services there
     * @param dump {@code /config_dump}: a sidecar lists there what it has asked for
     */
    static List<String> of(String host, JsonNode status, JsonNode dump) {
        return Stream.concat(
                        status.path("services").valueStream(),
                        dump.path("clusters").valueStream())
                .map(each -> each.path("name").asString(""))
                .filter(name -> name.startsWith(host + ".") || name.startsWith(host + ":"))
                .map(name -> name.substring(name.lastIndexOf(':') + 1))
                .distinct()
                .toList();
    }
}
