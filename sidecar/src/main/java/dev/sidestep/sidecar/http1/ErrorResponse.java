package dev.sidestep.sidecar.http1;

import dev.sidestep.sidecar.loop.Failure;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.nio.charset.StandardCharsets;

/** Writes the responses that are ours. */
final class ErrorResponse {
    private ErrorResponse() {}

    static ByteBuf of(Failure failure, boolean toHead, boolean persistent, ByteBufAllocator alloc) {
        String reason = Failure.HEADER + ": " + failure.reason() + "\r\n";
        return write(failure.reason().httpStatus(), reason, failure.line() + "\n", toHead, persistent, alloc);
    }

    /** To a client that took too long over its head; no call was made, so no reason of ours applies. */
    static ByteBuf requestTimeout(ByteBufAllocator alloc) {
        return write(408, "", "sidestep: the request took too long to arrive\n", false, false, alloc);
    }

    private static ByteBuf write(
            int status, String headers, String line, boolean toHead, boolean persistent, ByteBufAllocator alloc) {
        byte[] body = line.getBytes(StandardCharsets.UTF_8);
        String head = "HTTP/1.1 " + status + " " + phrase(status) + "\r\n" + headers
                + "content-type: text/plain; charset=utf-8\r\ncontent-length: " + body.length + "\r\n"
                + (persistent ? "" : "connection: close\r\n") + "\r\n";
        ByteBuf out = alloc.buffer(head.length() + body.length);
        out.writeCharSequence(head, StandardCharsets.US_ASCII);
        return toHead ? out : out.writeBytes(body);
    }

    private static String phrase(int status) {
        return switch (status) {
            case 400 -> "Bad Request";
            case 408 -> "Request Timeout";
            case 431 -> "Request Header Fields Too Large";
            case 502 -> "Bad Gateway";
            case 503 -> "Service Unavailable";
            case 504 -> "Gateway Timeout";
            case 508 -> "Loop Detected";
            default -> "Error";
        };
    }
}
