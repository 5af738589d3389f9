package dev.sidestep.naming;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Mode;
import dev.sidestep.model.Self;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class CallerHostTest {
    private static final Self SHOP = new Self(
            "shop",
            "",
            "",
            "",
            "cluster.local",
            List.of("10.96.0.0/12", "fd00:10:96::/112"),
            List.of("192.0.2.7", "2001:db8::7"),
            Mode.BALANCE);

    /** As {@code /etc/resolv.conf} of a pod in shop: search shop.svc.cluster.local svc.cluster.local cluster.local. */
    @ParameterizedTest
    @CsvSource({
        "web, web.shop.svc.cluster.local:80",
        "WEB, web.shop.svc.cluster.local:80",
        "web.shop.svc, web.shop.svc.cluster.local:80",
        "web.data.svc, web.data.svc.cluster.local:80",
        "web.data.svc.cluster.local, web.data.svc.cluster.local:80",
        "Web.Data.SVC.Cluster.Local., web.data.svc.cluster.local:80",
        "pod-0.web.shop, pod-0|web.shop.svc.cluster.local:80",
        "pod-0.web.data.svc, pod-0|web.data.svc.cluster.local:80",
        "pod-0.web.data.svc.cluster.local, pod-0|web.data.svc.cluster.local:80",
        "pod-0.web.data.svc.cluster.local., pod-0|web.data.svc.cluster.local:80",
        "10.96.0.10, 10.96.0.10:80",
        "10.111.255.255, 10.111.255.255:80",
        "192.0.2.7, 192.0.2.7:80",
        "fd00:10:96::a, [fd00:10:96:0:0:0:0:a]:80",
        "[fd00:10:96::a], [fd00:10:96:0:0:0:0:a]:80",
        "2001:DB8::7, [2001:db8:0:0:0:0:0:7]:80",
        "::ffff:10.96.0.10, 10.96.0.10:80",
        "1web, 1web.shop.svc.cluster.local:80"
    })
    void meansOneThing(String host, String asked) {
        assertThat(asked(host, SHOP)).containsExactly(asked);
    }

    @Test
    void twoLabelsMeanAPodOfAServiceHereBeforeAServiceElsewhere() {
        assertThat(asked("web.data", SHOP))
                .containsExactly("web|data.shop.svc.cluster.local:80", "web.data.svc.cluster.local:80");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "localhost",
                "LOCALHOST.",
                "api.localhost",
                "my_service",
                "-web",
                "web-",
                "web..shop",
                "",
                ".",
                "web.shop.svc.",
                "web.",
                "web.data.",
                "svc.cluster.local",
                "a.pod.cluster.local",
                "a.b.c.d.svc.cluster.local",
                "a.b.c.d.svc",
                "www.example.com",
                "api.eu.example.com",
                "backend.example.com.",
                "web.data.svc.other.domain",
                "2130706433",
                "10.112.0.1",
                "127.0.0.1",
                "10.96.0.010",
                "10.96.0",
                "8.8.8.8",
                "::1",
                "fe80::1%eth0",
                "fd00:10:97::1",
                "wéb",
                "a-label-that-is-longer-than-the-sixty-three-characters-which-dns-has-room-for"
            })
    void isNotOurs(String host) {
        assertThat(asked(host, SHOP)).isEmpty();
    }

    @Test
    void anotherClusterDomainIsMappedToTheOneOnTheWire() {
        Self k8s = new Self("shop", "", "", "", "k8s.example", List.of(), List.of(), Mode.BALANCE);

        assertThat(asked("web.data.svc.k8s.example", k8s)).containsExactly("web.data.svc.cluster.local:80");
        assertThat(asked("web", k8s)).containsExactly("web.shop.svc.cluster.local:80");
        assertThat(asked("web.data.svc.cluster.local", k8s)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "fd12::1", "::1"})
    void aPrivateAddressMayBeAVipBeforeTheRangesAreKnown(String host) {
        assertThat(CallerHost.parse(host).candidates(SHOP, false, 80)).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1"})
    void aPublicAddressIsNoVipBeforeTheRangesAreKnown(String host) {
        assertThat(CallerHost.parse(host).candidates(SHOP, false, 80)).isEmpty();
    }

    @Test
    void rangesThatAreNoneContainNothing() {
        Self odd = new Self(
                "shop",
                "",
                "",
                "",
                "cluster.local",
                List.of("10.0.0.0/33", "x/8", "10.0.0.0/", "0.0.0.0/0x"),
                List.of(),
                Mode.BALANCE);
        assertThat(asked("10.0.0.1", odd)).isEmpty();
        Self all = new Self("shop", "", "", "", "cluster.local", List.of("0.0.0.0/0"), List.of(), Mode.BALANCE);
        assertThat(asked("8.8.8.8", all)).hasSize(1);
        assertThat(asked("::1", all)).isEmpty();
    }

    private static List<String> asked(String host, Self self) {
        return CallerHost.parse(host).candidates(self, true, 80).stream()
                .map(candidate -> candidate.hostname().isEmpty()
                        ? candidate.asked()
                        : candidate.hostname() + "|" + candidate.asked())
                .toList();
    }
}
