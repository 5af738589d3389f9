package dev.sidestep.cli;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** {@code host:port}, with IPv6 addresses in brackets; a name is looked up. */
final class ListenAddress implements ITypeConverter<InetSocketAddress> {
    @Override
    public InetSocketAddress convert(String text) {
        int colon = text.lastIndexOf(':');
        try {
            int port = Integer.parseInt(text.substring(colon + 1));
            if (colon > 0) {
                return new InetSocketAddress(InetAddress.getAllByName(text.substring(0, colon))[0], port);
            }
        } catch (UnknownHostException e) {
            throw new TypeConversionException("\"" + text + "\": the name has no address");
        } catch (IllegalArgumentException e) {
            // Not a number, or not one of a port: told below.
        }
        throw new TypeConversionException("\"" + text + "\" (expected: host:port)");
    }
}
