package dev.sidestep.xds;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/**
 * A {@link Frame} as gRPC takes it. With its length known and drained by parts it is copied once, into the transport's
 * buffer; read like a stream only by the in-process transport.
 */
final class FrameStream extends InputStream implements KnownLength, Drainable {
    private final Frame frame;
    private int part;
    private int position; // in the part
    private int available;

    FrameStream(Frame frame) {
        this.frame = frame;
        this.available = frame.size();
    }

    @Override
    public int available() {
        return available;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
        int drained = available;
        for (; part < frame.parts().size(); part++, position = 0) {
            Frame.Part from = frame.parts().get(part);
            target.write(from.array(), from.offset() + position, from.length() - position);
        }
        available = 0;
        return drained;
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] target, int offset, int length) {
        if (length == 0) {
            return 0;
        }
        if (available == 0) {
            return -1;
        }
        while (position == frame.parts().get(part).length()) {
            part++;
            position = 0;
        }
        Frame.Part from = frame.parts().get(part);
        int copied = Math.min(length, from.length() - position);
        System.arraycopy(from.array(), from.offset() + position, target, offset, copied);
        position += copied;
        available -= copied;
        return copied;
    }
}
