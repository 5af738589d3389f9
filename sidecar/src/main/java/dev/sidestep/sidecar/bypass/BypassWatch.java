package dev.sidestep.sidecar.bypass;

import dev.sidestep.concurrent.SerialExecutor;
import dev.sidestep.naming.AddressLiteral;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks now and then whether the application has connections that should have come to us and did not: to VIPs, because the
 * redirect is missing, or to endpoints of Services that have a VIP, because something below iptables has put them in the
 * VIP's place. Which addresses are such endpoints the control plane says, and it tells the pod's owner by an Event.
 * Confined to {@code owner}, except where it is said.
 */
public final class BypassWatch {
    private static final Logger LOG = LoggerFactory.getLogger(BypassWatch.class);

    /** From one look to the next at least. A connection counts when two of them have seen it. */
    private static final Duration PERIOD = Duration.ofSeconds(5);

    /** A pod with very many sockets is looked at more seldom: a look takes at most a hundredth of the time. */
    private static final int SHARE_OF_TIME = 100;

    private static final Duration LONGEST_PERIOD = Duration.ofMinutes(1);

    /** How long an answer about an address holds. */
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    private static final int MOST_ASKED = 256;
    private static final int MOST_REMEMBERED = 4096;
    private static final int MOST_NAMED = 3;

    private final SerialExecutor owner;
    private final Executor blocking;
    private final SocketTable table;
    private final Suspects.Rules rules;
    private final BiPredicate<InetSocketAddress, InetSocketAddress> ours;
    private final Registrar registrar;
    private final Duration period;
    private final Map<String, Answer> answers = new LinkedHashMap<>();
    private Suspects earlier = Suspects.NONE;
    private boolean asking;
    private boolean told;
    private boolean warned;
    private volatile int count;

    /**
     * What an address is.
     *
     * @param isEndpoint whether a Service with a VIP has it
     * @param nanos when it was said
     */
    private record Answer(boolean isEndpoint, long nanos) {}

    /** Knows every Service. */
    @FunctionalInterface
    public interface Registrar {
        /**
         * Tells what was found, and asks which of {@code others} belong to Services.
         *
         * @param vips addresses that the application is connected to around us
         * @param others addresses that may be endpoints, {@code address:port}
         * @return those that are endpoints of a Service with a VIP; fails while nobody can be asked
         */
        CompletableFuture<Set<String>> tell(List<String> vips, List<String> others);
    }

    /**
     * Looks at nothing before {@link #start}.
     *
     * @param blocking reads files
     * @param rules what should come to us
     * @param ours whether a connection of ours goes from one address to another
     */
    public BypassWatch(
            SerialExecutor owner,
            Executor blocking,
            Redirected rules,
            BiPredicate<InetSocketAddress, InetSocketAddress> ours,
            Registrar registrar) {
        this(owner, blocking, new SocketTable(Path.of("/proc/net")), rules, ours, registrar, PERIOD);
    }

    BypassWatch(
            SerialExecutor owner,
            Executor blocking,
            SocketTable table,
            Redirected rules,
            BiPredicate<InetSocketAddress, InetSocketAddress> ours,
            Registrar registrar,
            Duration period) {
        this.owner = owner;
        this.blocking = blocking;
        this.table = table;
        this.rules = new Suspects.Rules(
                rules.proxyPort(),
                rules.proxyUid(),
                Suspects.Rules.blocks(rules.serviceRanges()),
                Suspects.Rules.blocks(rules.excludedRanges()),
                rules.excludedPorts());
        this.ours = ours;
        this.registrar = registrar;
        this.period = period;
    }

    /**
     * What should come to us, as the redirect is told.
     *
     * @param proxyPort where it is redirected to
     * @param proxyUid whose connections are left alone
     * @param serviceRanges CIDR blocks that VIPs come from
     * @param excludedRanges CIDR blocks that are left alone
     * @param excludedPorts ports and spans that are left alone
     */
    public record Redirected(
            int proxyPort,
            int proxyUid,
            List<String> serviceRanges,
            List<String> excludedRanges,
            List<String> excludedPorts) {}

    /** Begins to look. Once, from any thread. */
    public void start() {
        owner.execute(() -> owner.schedule(period, this::look));
    }

    /** Connections that pass us by now. Any thread. */
    public int count() {
        return count;
    }

    private void look() {
        try {
            blocking.execute(this::read);
        } catch (RejectedExecutionException busy) {
            lookAgain(0);
        }
    }

    /** On a thread that may block. */
    private void read() {
        long fromNanos = owner.nanoTime();
        try {
            Optional<List<Socket>> sockets = table.read();
            long tookNanos = owner.nanoTime() - fromNanos;
            owner.execute(() -> {
                lookAgain(tookNanos);
                sockets.ifPresent(this::seen);
            });
        } catch (IOException e) {
            LOG.info("{}: connections that pass us by are not seen here", e.getMessage());
        }
    }

    private void lookAgain(long tookNanos) {
        long restNanos = Math.min(LONGEST_PERIOD.toNanos(), tookNanos * SHARE_OF_TIME);
        owner.schedule(Duration.ofNanos(Math.max(period.toNanos(), restNanos)), this::look);
    }

    private void seen(List<Socket> sockets) {
        owner.checkCurrent();
        Suspects now = Suspects.among(sockets, rules, ours);
        Suspects confirmed = now.still(earlier);
        earlier = now;
        int endpoints = 0;
        List<String> unknown = new ArrayList<>();
        for (Socket socket : confirmed.elsewhere()) {
            String remote = text(socket.remote());
            Answer answer = answer(remote);
            if (answer == null) {
                if (unknown.size() < MOST_ASKED && !unknown.contains(remote)) {
                    unknown.add(remote);
                }
            } else if (answer.isEndpoint()) {
                endpoints++;
            }
        }
        count = confirmed.toVips().size() + endpoints;
        List<String> vips = texts(confirmed.toVips());
        if (!asking && (!unknown.isEmpty() || (!vips.isEmpty() && !told))) {
            ask(vips, unknown);
        }
        warn(vips, confirmed);
    }

    private @Nullable Answer answer(String remote) {
        Answer known = answers.get(remote);
        if (known != null && owner.nanoTime() - known.nanos() >= REMEMBERED.toNanos()) {
            answers.remove(remote);
            return null;
        }
        return known;
    }

    private void ask(List<String> vips, List<String> unknown) {
        asking = true;
        registrar
                .tell(vips, unknown)
                .whenComplete((endpoints, failure) -> owner.execute(() -> {
                    asking = false;
                    if (failure != null) {
                        LOG.debug("nobody to ask about connections around us: {}", failure.getMessage());
                        return; // The next look asks again.
                    }
                    told |= !vips.isEmpty();
                    for (String address : unknown) {
                        answers.put(address, new Answer(endpoints.contains(address), owner.nanoTime()));
                    }
                    while (answers.size() > MOST_REMEMBERED) {
                        answers.remove(answers.keySet().iterator().next());
                    }
                }));
    }

    private void warn(List<String> vips, Suspects confirmed) {
        if (count == 0) {
            told = false;
            warned = false;
            return;
        }
        if (!warned) {
            warned = true;
            List<String> named = new ArrayList<>(vips);
            confirmed.elsewhere().stream()
                    .map(socket -> text(socket.remote()))
                    .filter(remote -> {
                        Answer known = answers.get(remote);
                        return known != null && known.isEndpoint();
                    })
                    .distinct()
                    .forEach(named::add);
            LOG.warn(
                    "{} connections of this pod's programs to Services pass us by, among them to {}: nothing of them is"
                            + " balanced by us; docs/interception.md says why that may be",
                    count,
                    String.join(", ", named.subList(0, Math.min(MOST_NAMED, named.size()))));
        }
    }

    private static List<String> texts(Collection<Socket> sockets) {
        return Suspects.remotes(sockets).stream()
                .map(BypassWatch::text)
                .sorted()
                .limit(MOST_ASKED)
                .toList();
    }

    private static String text(InetSocketAddress address) {
        return AddressLiteral.hostPort(address.getAddress(), address.getPort());
    }
}
