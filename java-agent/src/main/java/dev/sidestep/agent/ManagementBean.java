package dev.sidestep.agent;

import dev.sidestep.balancing.LoadBalancer;
import dev.sidestep.discovery.DiscoveryClient;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import javax.management.ObjectName;
import javax.management.StandardMBean;

/** Answers {@link AgentView}, each time anew. Any thread. */
final class ManagementBean implements AgentView {
    private static final long PATIENCE_SECONDS = 5;

    private final LoadBalancer balancer;
    private final DiscoveryClient discovery;

    ManagementBean(LoadBalancer balancer, DiscoveryClient discovery) {
        this.balancer = balancer;
        this.discovery = discovery;
    }

    /** Makes the platform's MBean server if there is none, so only to be called when there is or is about to be one. */
    void register() throws JMException {
        ManagementFactory.getPlatformMBeanServer()
                .registerMBean(new StandardMBean(this, AgentView.class), new ObjectName("dev.sidestep:type=Agent"));
    }

    @Override
    public String getStatus() {
        return json(balancer.status());
    }

    @Override
    public String getDiscovery() {
        return json(discovery.status());
    }

    @Override
    public String why(String host, int port) {
        return json(balancer.explain(host, port));
    }

    private static String json(CompletableFuture<?> answer) {
        return Json.of(answer.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join());
    }
}
