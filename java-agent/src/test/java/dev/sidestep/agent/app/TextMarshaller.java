package dev.sidestep.agent.app;

import io.grpc.MethodDescriptor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Messages that are text, so that no generated code ties the tests to a version of protobuf. */
public final class TextMarshaller implements MethodDescriptor.Marshaller<String> {
    /** Unary: anything in, the pod's name out. */
    public static final MethodDescriptor<String, String> HELLO = MethodDescriptor.<String, String>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("demo.Greeter/Hello")
            .setRequestMarshaller(new TextMarshaller())
            .setResponseMarshaller(new TextMarshaller())
            .build();

    @Override
    public InputStream stream(String value) {
        return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String parse(InputStream stream) {
        try {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
