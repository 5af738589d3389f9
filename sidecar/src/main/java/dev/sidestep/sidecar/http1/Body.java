package dev.sidestep.sidecar.http1;

import io.netty.buffer.ByteBuf;
import io.netty.util.ByteProcessor;

/**
 * Where the body of one message ends, found as its bytes pass. Chunked ones are checked to the letter (RFC 9112 section
 * 7.1), because a size that two readers read differently lets a request hide in another's body. Reused from message to
 * message; confined to its connection's event loop.
 */
final class Body implements ByteProcessor {
    private enum State {
        DONE,
        MALFORMED,
        LENGTH,
        UNTIL_CLOSE,
        SIZE_FIRST,
        SIZE,
        EXTENSION_NAME_FIRST,
        EXTENSION_NAME,
        EXTENSION_VALUE_FIRST,
        EXTENSION_VALUE,
        EXTENSION_QUOTED,
        EXTENSION_QUOTED_PAIR,
        EXTENSION_QUOTED_END,
        SIZE_LF,
        DATA,
        DATA_CR,
        DATA_LF,
        TRAILER_FIRST,
        TRAILER_NAME,
        TRAILER_VALUE,
        TRAILER_LF,
        LAST_LF
    }

    /** Sizes of up to 60 bits; more digits would only be zeros, or a lie. */
    private static final int MAX_SIZE_DIGITS = 15;

    private static final int MAX_EXTENSION_BYTES = 4096;

    private final int trailerLimit;
    private State state = State.DONE;
    private long remaining;
    private int digits;
    private int extensionBytes;
    private int trailerBytes;

    /** Done until told otherwise. */
    Body(int trailerLimit) {
        this.trailerLimit = trailerLimit;
    }

    void none() {
        state = State.DONE;
    }

    void length(long length) {
        remaining = length;
        state = length == 0 ? State.DONE : State.LENGTH;
    }

    void untilClose() {
        state = State.UNTIL_CLOSE;
    }

    void chunked() {
        state = State.SIZE_FIRST;
        extensionBytes = 0;
        trailerBytes = 0;
    }

    boolean done() {
        return state == State.DONE;
    }

    boolean malformed() {
        return state == State.MALFORMED;
    }

    boolean endsWithConnection() {
        return state == State.UNTIL_CLOSE;
    }

    /**
     * Looks at what is readable in {@code in}, which stays as it is.
     *
     * @return how many of its bytes are the body's; those behind them, if any, are the next message's
     */
    int take(ByteBuf in) {
        int readable = in.readableBytes();
        return switch (state) {
            case DONE, MALFORMED -> 0;
            case UNTIL_CLOSE -> readable;
            case LENGTH -> {
                int taken = (int) Math.min(remaining, readable);
                remaining -= taken;
                if (remaining == 0) {
                    state = State.DONE;
                }
                yield taken;
            }
            default -> takeChunks(in, in.readerIndex(), in.writerIndex()) - in.readerIndex();
        };
    }

    private int takeChunks(ByteBuf in, int from, int to) {
        int at = from;
        while (at < to && state != State.DONE && state != State.MALFORMED) {
            if (state == State.DATA) {
                int taken = (int) Math.min(remaining, to - at);
                remaining -= taken;
                at += taken;
                if (remaining == 0) {
                    state = State.DATA_CR;
                }
            } else {
                int stoppedAt = in.forEachByte(at, to - at, this);
                at = stoppedAt < 0 ? to : stoppedAt + 1;
            }
        }
        return at;
    }

    /** One byte outside chunk data; goes on until data begins or the body ends. */
    @Override
    public boolean process(byte b) {
        state = next(b);
        return state != State.DATA && state != State.DONE && state != State.MALFORMED;
    }

    private State next(byte b) {
        return switch (state) {
            case SIZE_FIRST -> {
                remaining = Bytes.hex(b);
                digits = 1;
                yield remaining < 0 ? State.MALFORMED : State.SIZE;
            }
            case SIZE -> size(b);
            case EXTENSION_NAME_FIRST -> extension(Bytes.isToken(b), State.EXTENSION_NAME);
            case EXTENSION_NAME ->
                b == '=' ? State.EXTENSION_VALUE_FIRST : endOfExtension(b, Bytes.isToken(b), State.EXTENSION_NAME);
            case EXTENSION_VALUE_FIRST ->
                b == '"' ? State.EXTENSION_QUOTED : extension(Bytes.isToken(b), State.EXTENSION_VALUE);
            case EXTENSION_VALUE -> endOfExtension(b, Bytes.isToken(b), State.EXTENSION_VALUE);
            case EXTENSION_QUOTED ->
                switch (b) {
                    case '"' -> State.EXTENSION_QUOTED_END;
                    case '\\' -> State.EXTENSION_QUOTED_PAIR;
                    default -> extension(Bytes.isValue(b), State.EXTENSION_QUOTED);
                };
            case EXTENSION_QUOTED_PAIR -> extension(Bytes.isValue(b), State.EXTENSION_QUOTED);
            case EXTENSION_QUOTED_END -> endOfExtension(b, false, State.MALFORMED);
            case SIZE_LF -> {
                if (b != '\n') {
                    yield State.MALFORMED;
                }
                yield remaining == 0 ? State.TRAILER_FIRST : State.DATA;
            }
            case DATA_CR -> b == '\r' ? State.DATA_LF : State.MALFORMED;
            case DATA_LF -> b == '\n' ? State.SIZE_FIRST : State.MALFORMED;
            case TRAILER_FIRST -> {
                if (b == '\r') {
                    yield State.LAST_LF;
                }
                yield trailer(Bytes.isToken(b), State.TRAILER_NAME);
            }
            case TRAILER_NAME -> {
                if (b == ':') {
                    yield trailer(true, State.TRAILER_VALUE);
                }
                yield trailer(Bytes.isToken(b), State.TRAILER_NAME);
            }
            case TRAILER_VALUE -> {
                if (b == '\r') {
                    yield State.TRAILER_LF;
                }
                yield trailer(Bytes.isValue(b), State.TRAILER_VALUE);
            }
            case TRAILER_LF -> b == '\n' ? State.TRAILER_FIRST : State.MALFORMED;
            case LAST_LF -> b == '\n' ? State.DONE : State.MALFORMED;
            case DONE, MALFORMED, LENGTH, UNTIL_CLOSE, DATA -> throw new IllegalStateException(state.name());
        };
    }

    private State size(byte b) {
        if (b == '\r') {
            return State.SIZE_LF;
        }
        if (b == ';') {
            return State.EXTENSION_NAME_FIRST;
        }
        int digit = Bytes.hex(b);
        digits++;
        remaining = remaining * 16 + digit;
        return digit < 0 || digits > MAX_SIZE_DIGITS ? State.MALFORMED : State.SIZE;
    }

    /** Name and value of an extension end alike: with the line, or with the next one. */
    private State endOfExtension(byte b, boolean good, State same) {
        if (b == '\r') {
            return State.SIZE_LF;
        }
        return b == ';' ? State.EXTENSION_NAME_FIRST : extension(good, same);
    }

    private State extension(boolean good, State next) {
        extensionBytes++;
        return good && extensionBytes <= MAX_EXTENSION_BYTES ? next : State.MALFORMED;
    }

    private State trailer(boolean good, State next) {
        trailerBytes++;
        return good && trailerBytes <= trailerLimit ? next : State.MALFORMED;
    }
}
