package dev.sidestep.control.admin;

import dev.sidestep.control.ads.ClientStatus;
import dev.sidestep.control.auth.AccessReport;
import java.util.List;

/**
 * {@code /status}.
 *
 * @param ready whether the source was read once
 * @param source where Services and endpoints come from
 * @param access who may ask, and how that goes
 * @param problems what is wrong with what the source says, one line each
 */
public record StatusReport(
        String version,
        boolean ready,
        String source,
        long endpoints,
        AccessReport access,
        List<String> problems,
        List<ServicePort> services,
        List<ClientStatus> clients) {

    /**
     * One Service port.
     *
     * @param ready how many of its endpoints are ready
     */
    public record ServicePort(
            String name, List<String> addresses, String mode, String protocol, int endpoints, long ready) {}
}
