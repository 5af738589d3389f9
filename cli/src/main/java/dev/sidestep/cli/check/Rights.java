package dev.sidestep.cli.check;

import io.fabric8.kubernetes.api.model.authorization.v1.SelfSubjectAccessReviewBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Whether who asks may install. */
final class Rights implements Check {
    private final KubernetesClient client;

    Rights(KubernetesClient client) {
        this.client = client;
    }

    @Override
    public String subject() {
        return "your rights";
    }

    @Override
    public List<Finding> look() {
        return List.of(judge(this::allowed));
    }

    static Finding judge(Predicate<Right> allowed) {
        String subject = "your rights";
        List<Right> cannotMake =
                Right.TO_INSTALL.stream().filter(right -> !allowed.test(right)).toList();
        if (!cannotMake.isEmpty()) {
            return Finding.failed(
                    subject,
                    "you may not " + text(cannotMake),
                    "let a cluster administrator install, or grant you these; see docs/install.md");
        }
        if (allowed.test(Right.TO_GRANT_ANYTHING)) {
            return Finding.ok(subject, "enough to install");
        }
        List<Right> cannotGrant =
                Right.TO_GRANT.stream().filter(right -> !allowed.test(right)).toList();
        return cannotGrant.isEmpty()
                ? Finding.ok(subject, "enough to install")
                : Finding.failed(
                        subject,
                        "you may make roles, but not grant what you have not yourself: " + text(cannotGrant),
                        "let a cluster administrator install, or grant you \"escalate\" on clusterroles and roles");
    }

    private static String text(List<Right> rights) {
        Set<String> distinct =
                rights.stream().map(Right::toString).collect(Collectors.toCollection(LinkedHashSet::new));
        return String.join(", ", distinct);
    }

    private boolean allowed(Right right) {
        var review = new SelfSubjectAccessReviewBuilder()
                .withNewSpec()
                .withNewResourceAttributes()
                .withVerb(right.verb())
                .withGroup(right.group())
                .withResource(right.resource())
                .withNamespace(right.namespace())
                .withName(right.name())
                .endResourceAttributes()
                .endSpec()
                .build();
        return client.authorization()
                .v1()
                .selfSubjectAccessReview()
                .create(review)
                .getStatus()
                .getAllowed();
    }
}
