package dev.sidestep.cli.check;

import dev.sidestep.cli.cluster.Names;
import java.util.List;

/**
 * Something that one may do.
 *
 * @param group the API group; "" for the core one
 * @param namespace where; "" for the whole cluster
 * @param name of the one object; "" for all
 */
record Right(String verb, String group, String resource, String namespace, String name) {
    private static final String RBAC = "rbac.authorization.k8s.io";

    /** What whoever installs must do: create each object of the chart. */
    static final List<Right> TO_INSTALL = List.of(
            cluster("create", "", "namespaces"),
            system("create", "", "serviceaccounts"),
            system("create", "", "configmaps"),
            system("create", "", "services"),
            system("create", "apps", "deployments"),
            system("create", "policy", "poddisruptionbudgets"),
            system("create", "networking.k8s.io", "networkpolicies"),
            system("create", RBAC, "roles"),
            system("create", RBAC, "rolebindings"),
            cluster("create", RBAC, "clusterroles"),
            cluster("create", RBAC, "clusterrolebindings"),
            cluster("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"));

    /** Who may do this may grant what he has not. */
    static final Right TO_GRANT_ANYTHING = cluster("escalate", RBAC, "clusterroles");

    /** What the chart grants the control plane, and so whoever installs must have. */
    static final List<Right> TO_GRANT = List.of(
            cluster("list", "", "services"),
            cluster("watch", "", "services"),
            cluster("list", "", "namespaces"),
            cluster("watch", "", "namespaces"),
            cluster("list", "", "pods"),
            cluster("watch", "", "pods"),
            cluster("list", "", "nodes"),
            cluster("watch", "", "nodes"),
            cluster("list", "discovery.k8s.io", "endpointslices"),
            cluster("watch", "discovery.k8s.io", "endpointslices"),
            cluster("list", "networking.k8s.io", "servicecidrs"),
            cluster("list", "", "resourcequotas"),
            cluster("list", "", "limitranges"),
            cluster("create", "authentication.k8s.io", "tokenreviews"),
            cluster("create", "", "events"),
            one(cluster("get", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"), Names.WEBHOOK),
            one(cluster("patch", "admissionregistration.k8s.io", "mutatingwebhookconfigurations"), Names.WEBHOOK),
            one(system("get", "", "secrets"), "control-plane-ca"),
            one(system("update", "", "secrets"), "control-plane-ca"),
            system("create", "", "secrets"));

    private static Right cluster(String verb, String group, String resource) {
        return new Right(verb, group, resource, "", "");
    }

    private static Right system(String verb, String group, String resource) {
        return new Right(verb, group, resource, Names.SYSTEM_NAMESPACE, "");
    }

    private static Right one(Right of, String name) {
        return new Right(of.verb, of.group, of.resource, of.namespace, name);
    }

    /** As RBAC's messages put it. */
    @Override
    public String toString() {
        return verb + " " + resource + (group.isEmpty() ? "" : "." + group);
    }
}
