package dev.sidestep.control.ads;

import dev.sidestep.xds.Frame;

/** The sending half of one stream, for one caller at a time. */
interface Outlet {
    /** Whether what was sent is mostly on its way; becomes true again with a call of {@link Session#flush}. */
    boolean isReady();

    void send(Frame frame);

    /** Ends the stream as unavailable, which makes a client come back. */
    void goAway(String reason);

    /** Ends the stream because of what the client did. */
    void refuse(String reason);

    /** Ends the stream because the client says that it is somebody else. */
    void deny(String reason);
}
