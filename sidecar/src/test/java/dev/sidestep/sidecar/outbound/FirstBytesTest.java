package dev.sidestep.sidecar.outbound;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sidestep.model.Protocol;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FirstBytesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "|UNDECLARED",
                "P|UNDECLARED",
                "PR|UNDECLARED",
                "PRI|UNDECLARED",
                "PRI |HTTP2",
                "PRI * HTTP/2.0|HTTP2",
                "PRX|TCP",
                "PUT|UNDECLARED",
                "PUT |UNDECLARED",
                "PUT /|HTTP1",
                "GET /a HTTP/1.1|HTTP1",
                "GET http://a/|TCP",
                "OPTIONS *|HTTP1",
                "GET ?|TCP",
                "EHLO a|TCP",
                "\u0016\u0003\u0001|TCP",
            })
    void tellTheProtocolAsSoonAsTheyCan(@Nullable String bytes, Protocol expected) {
        String text = bytes == null ? "" : bytes;
        assertThat(FirstBytes.tell(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1))))
                .isEqualTo(expected);
    }
}
