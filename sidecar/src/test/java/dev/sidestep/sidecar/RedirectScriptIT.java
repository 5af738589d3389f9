package dev.sidestep.sidecar;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.testkit.Pod;
import dev.sidestep.testkit.SourceTree;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The init container's program on its own: which rules it sets, and what it says when it cannot. */
@Timeout(60)
class RedirectScriptIT {
    private static final Path REDIRECT = SourceTree.root()
            .resolve("k8s")
            .resolve("images")
            .resolve("sidecar")
            .resolve("sidestep-redirect");
    private static final Map<String, String> RANGES = Map.of("SIDESTEP_SERVICE_RANGES", "10.96.0.0/12,fd00:96::/108");
    private static final List<String> WITHOUT_NET_ADMIN =
            List.of("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin");

    private Pod pod;

    @BeforeEach
    void makePod() {
        pod = Pod.create();
    }

    @AfterEach
    void removePod() {
        if (pod != null) {
            pod.close();
        }
    }

    private Pod.Ended redirect(Map<String, String> environment, String... options) {
        return redirect(List.of(), environment, options);
    }

    private Pod.Ended redirect(List<String> by, Map<String, String> environment, String... options) {
        List<String> words = new ArrayList<>(by);
        words.add(REDIRECT.toString());
        words.addAll(List.of(options));
        return pod.run(environment, words.toArray(String[]::new));
    }

    /** What of the nat table is not there by itself. */
    private List<String> rules(String iptables) {
        return pod.inside(iptables, "-t", "nat", "-S")
                .lines()
                .filter(line -> !line.startsWith("-P "))
                .toList();
    }

    @Test
    void setsItsRulesOnceHoweverOftenItRuns() {
        for (int i = 0; i < 2; i++) {
            Pod.Ended ended = redirect(RANGES, "--strict");
            assertThat(ended)
                    .isEqualTo(new Pod.Ended(
                            0,
                            "sidestep-redirect: IPv4 and IPv6: TCP to 10.96.0.0/12"
                                    + " fd00:96::/108 goes to port 16001, but for uid and gid 16001\n"));
        }
        assertThat(rules("iptables"))
                .containsExactly(
                        "-N SIDESTEP_OUTPUT",
                        "-A OUTPUT -p tcp -j SIDESTEP_OUTPUT",
                        "-A SIDESTEP_OUTPUT -o lo -j RETURN",
                        "-A SIDESTEP_OUTPUT -m owner --uid-owner 16001 -j RETURN",
                        "-A SIDESTEP_OUTPUT -m owner --gid-owner 16001 -j RETURN",
                        "-A SIDESTEP_OUTPUT -d 10.96.0.0/12 -p tcp -j REDIRECT --to-ports 16001");
        assertThat(rules("ip6tables"))
                .contains("-A SIDESTEP_OUTPUT -d fd00:96::/108 -p tcp -j REDIRECT --to-ports 16001");
    }

    @Test
    void replacesWhatItSetBeforeAndLeavesOthersRules() {
        pod.inside("iptables", "-t", "nat", "-A", "OUTPUT", "-d", "192.0.2.1", "-j", "ACCEPT");
        redirect(RANGES, "--strict");
        Pod.Ended ended = redirect(
                Map.of(
                        "SIDESTEP_INTERCEPT", "all",
                        "SIDESTEP_INCLUDE_OUTBOUND_PORTS", "7000",
                        "SIDESTEP_EXCLUDE_OUTBOUND_PORTS", "3306, 9000-9100",
                        "SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES", "10.9.0.0/16,fd00:9::/64",
                        "SIDESTEP_PROXY_PORT", "15000",
                        "SIDESTEP_PROXY_UID", "1500"),
                "--strict");
        assertThat(ended.code()).as(ended.output()).isZero();
        assertThat(rules("iptables"))
                .containsExactly(
                        "-N SIDESTEP_OUTPUT",
                        "-A OUTPUT -d 192.0.2.1/32 -j ACCEPT",
                        "-A OUTPUT -p tcp -j SIDESTEP_OUTPUT",
                        "-A SIDESTEP_OUTPUT -o lo -j RETURN",
                        "-A SIDESTEP_OUTPUT -m owner --uid-owner 1500 -j RETURN",
                        "-A SIDESTEP_OUTPUT -m owner --gid-owner 1500 -j RETURN",
                        "-A SIDESTEP_OUTPUT -p tcp -m tcp --dport 3306 -j RETURN",
                        "-A SIDESTEP_OUTPUT -p tcp -m tcp --dport 9000:9100 -j RETURN",
                        "-A SIDESTEP_OUTPUT -d 10.9.0.0/16 -p tcp -j RETURN",
                        "-A SIDESTEP_OUTPUT -p tcp -m tcp --dport 7000 -j REDIRECT --to-ports 15000",
                        "-A SIDESTEP_OUTPUT -p tcp -j REDIRECT --to-ports 15000");
        assertThat(redirect(Map.of(), "--remove", "--strict").code()).isZero();
        assertThat(rules("iptables")).containsExactly("-A OUTPUT -d 192.0.2.1/32 -j ACCEPT");
        assertThat(rules("ip6tables")).isEmpty();
    }

    @Test
    void skipsAndNamesWhatIsWrongAndDoesTheRest() {
        Pod.Ended ended = redirect(Map.of(
                "SIDESTEP_INTERCEPT", "everything",
                "SIDESTEP_SERVICE_RANGES", "10.96.0.0/33,10.96.0.0/12",
                "SIDESTEP_EXCLUDE_OUTBOUND_PORTS", "0,mysql,90-80,3306",
                "SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES", "10.0.0,;reboot,10.1.0.0/16",
                "SIDESTEP_PROXY_PORT", "70000"));
        assertThat(ended.code()).isZero();
        assertThat(ended.output().lines())
                .hasSize(9)
                .allMatch(line -> line.startsWith("sidestep-redirect: "))
                .contains(
                        "sidestep-redirect: SIDESTEP_INTERCEPT: \"everything\" (expected: services, all or none); using"
                                + " services",
                        "sidestep-redirect: SIDESTEP_EXCLUDE_OUTBOUND_PORTS: \"90-80\" (expected: a port as 8080 or a span"
                                + " as 9000-9100); it is skipped");
        assertThat(rules("iptables"))
                .containsSubsequence(
                        "-A SIDESTEP_OUTPUT -p tcp -m tcp --dport 3306 -j RETURN",
                        "-A SIDESTEP_OUTPUT -d 10.1.0.0/16 -p tcp -j RETURN",
                        "-A SIDESTEP_OUTPUT -d 10.96.0.0/12 -p tcp -j REDIRECT --to-ports 16001")
                .hasSize(8);
    }

    @Test
    void stopsNoPodWhereItHasNoRight() {
        Pod.Ended ended = redirect(WITHOUT_NET_ADMIN, RANGES);
        assertThat(ended.code()).isZero();
        assertThat(ended.output().lines())
                .singleElement()
                .asString()
                .startsWith(
                        "sidestep-redirect: nothing is redirected, calls go as without Sidestep: no right to (the init"
                                + " container needs uid 0 and NET_ADMIN)");
        assertThat(redirect(WITHOUT_NET_ADMIN, RANGES, "--strict").code()).isEqualTo(1);
        assertThat(rules("iptables")).isEmpty();
    }

    @Test
    void saysThatNoRangeIsGivenOrThatIptablesIsMissing() {
        assertThat(redirect(Map.of()).output())
                .isEqualTo(
                        "sidestep-redirect: nothing is redirected: SIDESTEP_SERVICE_RANGES names no block (expected: the"
                                + " cluster's service ranges, by comma)\n");
        Pod.Ended without = redirect(List.of("env", "PATH=/bin"), RANGES, "--strict");
        assertThat(without)
                .isEqualTo(new Pod.Ended(
                        1,
                        "sidestep-redirect: nothing is redirected, calls go as without Sidestep: no iptables in this"
                                + " image\n"));
    }

    @Test
    void goesOnWithIpv4WhereIpv6CannotBeRedirected() {
        Pod.Ended ended = pod.run(
                RANGES,
                "sh",
                "-c",
                "only=$(mktemp -d) && for it in iptables-nft iptables-nft-restore; do ln -s /usr/sbin/$it $only/$it; done"
                        + "; PATH=$only:/usr/bin:/bin " + REDIRECT + "; rm -r $only");
        assertThat(ended.output().lines())
                .containsExactly(
                        "sidestep-redirect: IPv6 is not redirected, its calls go as without Sidestep: no iptables in this"
                                + " image",
                        "sidestep-redirect: IPv4: TCP to 10.96.0.0/12 fd00:96::/108 goes to port 16001, but for uid and gid"
                                + " 16001");
    }

    @Test
    void showsWithoutRightsWhatItWouldDo() {
        Pod.Ended ended = redirect(WITHOUT_NET_ADMIN, RANGES, "--dry-run");
        assertThat(ended.code()).isZero();
        assertThat(ended.output())
                .contains("-A SIDESTEP_OUTPUT -p tcp -d 10.96.0.0/12 -j REDIRECT --to-ports 16001")
                .contains("-A SIDESTEP_OUTPUT -p tcp -d fd00:96::/108 -j REDIRECT --to-ports 16001");
        assertThat(redirect(Map.of(), "--help").output()).contains("SIDESTEP_EXCLUDE_OUTBOUND_IP_RANGES");
        assertThat(redirect(Map.of(), "--halp").code()).isEqualTo(2);
    }
}
