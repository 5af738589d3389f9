package dev.sidestep.agent.weave;

import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.objectweb.asm.MethodVisitor;

/**
 * What is woven into one class of a client.
 *
 * @param className its internal name
 * @param required members, each as name and descriptor ({@code uri()Ljava/net/URI;}, {@code request:Lx/Y;} for a field),
 *     that woven code uses
 * @param hooks the methods that are changed
 */
record Weaving(String className, Set<String> required, List<Hook> hooks) {
    Weaving {
        required = Set.copyOf(required);
        hooks = List.copyOf(hooks);
    }

    /**
     * One method that is changed.
     *
     * @param anyOf its name and descriptor; several where versions of the library differ: one of them must be there
     * @param visitor wraps the visitor that writes it
     */
    record Hook(List<String> anyOf, UnaryOperator<MethodVisitor> visitor) {
        Hook {
            anyOf = List.copyOf(anyOf);
        }

        static Hook of(String method, UnaryOperator<MethodVisitor> visitor) {
            return new Hook(List.of(method), visitor);
        }
    }

    /** The first thing that {@code members} lack; "" if nothing. */
    String missingFrom(Set<String> members) {
        for (String member : required) {
            if (!members.contains(member)) {
                return member;
            }
        }
        for (Hook hook : hooks) {
            if (hook.anyOf().stream().noneMatch(members::contains)) {
                return hook.anyOf().get(0);
            }
        }
        return "";
    }
}
