package dev.sidestep.control.injector;

import dev.sidestep.control.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The agent: an init container copies its jar to where the app's JVM finds it, an environment variable names it.
 *
 * <p>Which variable is not a matter of taste. {@code JAVA_TOOL_OPTIONS} in the pod would hide the one that an image sets
 * for itself, and every JDK tool reads it; {@code JDK_JAVA_OPTIONS} is read by the {@code java} launcher of Java 9 and
 * later only. A value that is not written in the pod cannot be added to: {@code $(VAR)} knows no {@code envFrom} and no
 * image, and stays as it is where there is none.
 */
final class AgentPlacement {
    static final String VOLUME = "sidestep-agent";
    static final String PATH = "/opt/sidestep";

    static final String TOOL_OPTIONS = "JAVA_TOOL_OPTIONS";
    static final String LAUNCHER_OPTIONS = "JDK_JAVA_OPTIONS";

    private static final String JAR = "sidestep-agent.jar";
    private static final String FLAG = "-javaagent:" + PATH + "/" + JAR;

    private AgentPlacement() {}

    static void apply(Injection injection, Identity identity) throws DeclinedException {
        var willing = new ArrayList<Container>();
        var unwilling = new ArrayList<String>();
        for (Container container : injection.options().containers()) {
            Optional<String> variable = variable(container);
            if (variable.isPresent()) {
                append(container, variable.get());
                willing.add(container);
            } else {
                unwilling.add(container.name());
            }
        }
        String obstacle = String.join(", ", unwilling) + ": " + TOOL_OPTIONS + " and " + LAUNCHER_OPTIONS
                + " come, or may come, by valueFrom or envFrom, to which nothing can be added";
        String remedy = "set one of them as a literal value in env, \"\" will do";
        if (willing.isEmpty()) {
            throw new DeclinedException(Rule.JAVA_OPTIONS, obstacle, remedy);
        }
        if (!unwilling.isEmpty()) {
            injection.note("not in " + obstacle + "; " + remedy);
        }
        boolean alone = willing.size() == 1 && injection.placement() == Placement.AGENT;
        for (Container container : willing) {
            identity.giveTo(container, alone ? "" : container.name());
            injection
                    .pod()
                    .annotation(PodOptions.LOG_LEVEL)
                    .ifPresent(said -> container.addEnv(
                            "SIDESTEP_LOG_LEVEL", injection.options().sidecar().logLevel()));
            container.mount(VOLUME, PATH, true, "");
        }
        ObjectNode volume = JsonNodeFactory.instance.objectNode();
        volume.put("name", VOLUME).putObject("emptyDir");
        injection.pod().addVolume(volume);
        injection.initContainers().add(copy(injection));
    }

    /** The variable that can take our flag. */
    private static Optional<String> variable(Container container) {
        for (String name : List.of(TOOL_OPTIONS, LAUNCHER_OPTIONS)) {
            Optional<ObjectNode> there = container.env(name);
            if (there.isPresent() && !there.get().has("valueFrom")) {
                return Optional.of(name);
            }
        }
        return container.mayComeFromElsewhere(LAUNCHER_OPTIONS) ? Optional.empty() : Optional.of(LAUNCHER_OPTIONS);
    }

    private static void append(Container container, String variable) {
        container.addEnv(variable, "");
        ObjectNode there = container.env(variable).orElseThrow();
        String value = there.path("value").asString("");
        if (!value.contains(FLAG)) {
            there.put("value", value.isBlank() ? FLAG : value.stripTrailing() + " " + FLAG);
        }
    }

    private static ObjectNode copy(Injection injection) {
        Settings.Image images = injection.settings().image();
        ObjectNode container = OurContainers.initContainer(
                OurContainers.AGENT_INIT,
                images.reference("agent", injection.options().version()),
                images,
                injection.guaranteed());
        container.putArray("command").add("/bin/cp").add("/" + JAR).add(PATH + "/" + JAR);
        container.set("securityContext", OurContainers.restricted());
        container.putArray("volumeMounts").addObject().put("mountPath", PATH).put("name", VOLUME);
        return container;
    }
}
