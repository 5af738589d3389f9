package dev.sidestep.sidecar.http1;

import dev.sidestep.sidecar.loop.Authority;
import dev.sidestep.sidecar.loop.LoopContext;
import dev.sidestep.sidecar.loop.Target;
import dev.sidestep.sidecar.outbound.OriginalDestination;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Where the requests of one client's connection go. Of most connections all go to one place, so the last is remembered, and
 * found again without a look-up. Confined to the connection's event loop.
 */
final class RequestTargets {
    private static final int HTTP_PORT = 80;

    private final LoopContext loop;
    private final OriginalDestination origin;
    private byte[] lastAuthority = {};
    private @Nullable Target last;

    RequestTargets(LoopContext loop, OriginalDestination origin) {
        this.loop = loop;
        this.origin = origin;
    }

    /** Where {@code request} goes; null if it does not say so, or says it wrongly. */
    @Nullable
    Target of(RequestHead request) {
        if (origin instanceof OriginalDestination.Fixed fixed) {
            return request.isConnect ? null : fixed.target();
        }
        if (origin instanceof OriginalDestination.Translated translated) {
            return request.isConnect ? null : named(request, translated.chosen());
        }
        int from = request.authorityFrom;
        int to = request.authorityTo;
        if (last != null && Arrays.equals(request.bytes, from, to, lastAuthority, 0, lastAuthority.length)) {
            return last;
        }
        Authority authority = Authority.parse(request.authority(), request.isConnect ? 0 : HTTP_PORT);
        if (authority == null) {
            return null;
        }
        lastAuthority = Arrays.copyOfRange(request.bytes, from, to);
        last = loop.target(authority.host(), authority.port());
        return last;
    }

    /** The Service behind an address that something below us has chosen, if the request says which. */
    private Target named(RequestHead request, Target chosen) {
        // Counted by another of us, it has been balanced already, and sent there for a reason.
        Authority authority = request.hasAttempt ? null : Authority.parse(request.authority(), HTTP_PORT);
        Target known = last;
        if (authority != null
                && known != null
                && known.port() == authority.port()
                && known.host().equals(authority.host())) {
            return known;
        }
        last = authority == null ? chosen : loop.named(authority, chosen);
        return last;
    }

    /** Where the last request went; null before the first, and where all go to one place. */
    @Nullable
    Target last() {
        return last;
    }
}
