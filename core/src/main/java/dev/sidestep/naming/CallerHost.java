package dev.sidestep.naming;

import dev.sidestep.model.ClusterName;
import dev.sidestep.model.Self;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A host as a caller wrote it, read once. What it can mean depends on who calls: see {@link #candidates}.
 *
 * <p>Names mean what the resolver of a pod would make of them: {@code search <ns>.svc.<domain> svc.<domain> <domain>} with
 * {@code ndots:5}, the first that exists in this order. Never the first label only.
 */
public final class CallerHost {
    private static final int MAX_LABEL = 63;

    private final Optional<InetAddress> address;
    private final List<String> labels;
    private final boolean absolute;

    private CallerHost(Optional<InetAddress> address, List<String> labels, boolean absolute) {
        this.address = address;
        this.labels = labels;
        this.absolute = absolute;
    }

    /**
     * Reads what a caller wrote.
     *
     * @param host a name in any case, with or without a trailing dot, or an address literal
     */
    public static CallerHost parse(String host) {
        Optional<InetAddress> address = AddressLiteral.parse(host);
        if (address.isPresent()) {
            return new CallerHost(address, List.of(), true);
        }
        boolean absolute = host.endsWith(".");
        String name = (absolute ? host.substring(0, host.length() - 1) : host).toLowerCase(Locale.ROOT);
        List<String> labels = Arrays.asList(name.split("\\.", -1));
        boolean possible = labels.stream().allMatch(CallerHost::isLabel)
                && !labels.get(labels.size() - 1).equals("localhost")
                // A dotless number is an address to some resolvers and a name to none.
                && !(labels.size() == 1 && name.chars().allMatch(c -> c >= '0' && c <= '9'));
        return new CallerHost(Optional.empty(), possible ? List.copyOf(labels) : List.of(), absolute);
    }

    /** Whether no caller can mean a Service by it. */
    public boolean isNeverOurs() {
        return address.isEmpty() && labels.isEmpty();
    }

    /**
     * What the host can mean to {@code self}, in search order; empty: not a Service.
     *
     * <p>Of an address, before a control plane has told the ranges that VIPs come from: itself if it is a private one (RFC
     * 1918 and 6598, unique local, loopback), since VIPs practically always are; a public one waits until it is known to
     * be a VIP.
     *
     * @param selfTold whether {@code self} comes from a control plane, rather than from configuration
     */
    public List<Candidate> candidates(Self self, boolean selfTold, int port) {
        if (address.isPresent()) {
            return isVip(address.get(), self, selfTold)
                    ? List.of(new Candidate(AddressLiteral.hostPort(address.get(), port), ""))
                    : List.of();
        }
        if (labels.isEmpty()) {
            return List.of();
        }
        var found = new ArrayList<Candidate>(2);
        String namespace = self.namespace();
        List<String> domain =
                Arrays.asList(self.clusterDomain().toLowerCase(Locale.ROOT).split("\\."));
        int n = labels.size();
        List<String> beforeDomain = endsWith(labels, domain) ? labels.subList(0, n - domain.size()) : List.of();
        if (isBelowSvc(beforeDomain)) {
            add(found, beforeDomain.subList(0, beforeDomain.size() - 1), port);
        } else if (absolute) {
            return List.of();
        } else if (n == 1) {
            add(found, List.of(labels.get(0), namespace), port);
        } else if (isBelowSvc(labels)) {
            add(found, labels.subList(0, n - 1), port);
        } else if (n == 2) {
            add(found, List.of(labels.get(0), labels.get(1), namespace), port);
            add(found, labels, port);
        } else if (n == 3 && labels.get(2).equals(namespace)) {
            // pod.service.namespace. With any other last label it is far more often an external name of three labels,
            // which
            // must not be asked; a pod's name in another namespace then leads to that same pod by DNS, as without us.
            add(found, labels, port);
        }
        return found;
    }

    /** {@code [service, namespace]} or {@code [hostname, service, namespace]}. */
    private static void add(List<Candidate> to, List<String> labels, int port) {
        int n = labels.size();
        String asked = new ClusterName(labels.get(n - 2), labels.get(n - 1), port).value();
        to.add(new Candidate(asked, n == 3 ? labels.get(0) : ""));
    }

    private static boolean isBelowSvc(List<String> labels) {
        int n = labels.size();
        return (n == 3 || n == 4) && labels.get(n - 1).equals("svc");
    }

    private static boolean endsWith(List<String> labels, List<String> suffix) {
        int n = labels.size() - suffix.size();
        return n >= 0 && labels.subList(n, labels.size()).equals(suffix);
    }

    private static boolean isVip(InetAddress address, Self self, boolean selfTold) {
        if (!selfTold) {
            byte[] bytes = address.getAddress();
            return address.isSiteLocalAddress()
                    || address.isLoopbackAddress()
                    || (bytes.length == 4 && bytes[0] == 100 && (bytes[1] & 0xc0) == 64)
                    || (bytes.length == 16 && (bytes[0] & 0xfe) == 0xfc);
        }
        return anyContains(self.serviceRanges(), address) || anyContains(self.serviceAddresses(), address);
    }

    private static boolean anyContains(List<String> blocks, InetAddress address) {
        return blocks.stream()
                .map(CidrBlock::parse)
                .flatMap(Optional::stream)
                .anyMatch(block -> block.contains(address));
    }

    /** RFC 1123, which is what Kubernetes allows at most. */
    private static boolean isLabel(String text) {
        int n = text.length();
        return n >= 1
                && n <= MAX_LABEL
                && text.chars().allMatch(c -> (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
                && text.charAt(0) != '-'
                && text.charAt(n - 1) != '-';
    }
}
