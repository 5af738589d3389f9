package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// http1 keeps a pool of connections as any client does, and repeats nothing by itself: Go's own client silently sends
// a GET again when its connection dies, which would hide what is to be seen here.
type http1 struct {
	url     *url.URL
	address string
	fresh   bool // a connection of its own for each call
	mutex   sync.Mutex
	idle    []*kept
	closed  bool
}

type kept struct {
	net.Conn
	reader *bufio.Reader
}

func newHTTP1(text string, fresh bool) (caller, error) {
	target, err := url.Parse(text)
	if err != nil || target.Scheme != "http" || target.Host == "" {
		return nil, fmt.Errorf("http: %q (expected: http://HOST[:PORT]/PATH)", text)
	}
	address := target.Host
	if target.Port() == "" {
		address = net.JoinHostPort(target.Hostname(), "80")
	}
	return &http1{url: target, address: address, fresh: fresh}, nil
}

func (h *http1) kind(method string) string { return method }

func (h *http1) call(ctx context.Context, method string) (string, error) {
	connection, err := h.take(ctx)
	if err != nil {
		return "", err
	}
	pod, keep, err := h.exchange(ctx, connection, method)
	if err != nil || !keep || h.fresh {
		_ = connection.Close()
	} else {
		h.give(connection)
	}
	return pod, err
}

func (h *http1) exchange(ctx context.Context, connection *kept, method string) (string, bool, error) {
	deadline, _ := ctx.Deadline()
	if err := connection.SetDeadline(deadline); err != nil {
		return "", false, err
	}
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("{}")
	}
	request, err := http.NewRequest(method, h.url.String(), body)
	if err != nil {
		return "", false, err
	}
	if err := request.Write(connection); err != nil {
		return "", false, err
	}
	response, err := http.ReadResponse(connection.reader, request)
	if err != nil {
		return "", false, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return "", false, err
	}
	pod := response.Header.Get("Pod")
	if response.StatusCode != http.StatusOK {
		reason := response.Header.Get("X-Sidestep-Reason")
		return pod, !response.Close, fmt.Errorf("%s %s %s", response.Status, reason, strings.TrimSpace(string(text)))
	}
	return pod, !response.Close, nil
}

// take gives the connection that has been idle for longest, so that a pool keeps all of its connections in use.
func (h *http1) take(ctx context.Context) (*kept, error) {
	h.mutex.Lock()
	if len(h.idle) > 0 {
		connection := h.idle[0]
		h.idle = h.idle[1:]
		h.mutex.Unlock()
		return connection, nil
	}
	h.mutex.Unlock()
	connection, err := new(net.Dialer).DialContext(ctx, "tcp", h.address)
	if err != nil {
		return nil, err
	}
	return &kept{connection, bufio.NewReader(connection)}, nil
}

func (h *http1) give(connection *kept) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.closed {
		_ = connection.Close()
		return
	}
	h.idle = append(h.idle, connection)
}

func (h *http1) close() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.closed = true
	for _, each := range h.idle {
		_ = each.Close()
	}
}

// http2 is h2c with prior knowledge, by Go's own client.
type http2 struct {
	url    string
	client *http.Client
}

func newHTTP2(text string) (caller, error) {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	return &http2{text, &http.Client{Transport: &http.Transport{Protocols: protocols}}}, nil
}

func (h *http2) kind(method string) string { return method + "2" }

func (h *http2) call(ctx context.Context, method string) (string, error) {
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader("{}")
	}
	request, err := http.NewRequestWithContext(ctx, method, h.url, body)
	if err != nil {
		return "", err
	}
	response, err := h.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s %s", response.Status, response.Header.Get("X-Sidestep-Reason"))
	}
	return response.Header.Get("Pod"), nil
}

func (h *http2) close() { h.client.CloseIdleConnections() }

// grpcCaller is one channel of grpc-go, as one is told to use it.
type grpcCaller struct{ channel *grpc.ClientConn }

func newGRPC(target string) (caller, error) {
	channel, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(greeterCodec{})))
	if err != nil {
		return nil, fmt.Errorf("grpc: %w", err)
	}
	return &grpcCaller{channel}, nil
}

func (g *grpcCaller) kind(string) string { return "GRPC" }

func (g *grpcCaller) call(ctx context.Context, _ string) (string, error) {
	reply := &oneString{}
	err := g.channel.Invoke(ctx, greetMethod, &oneString{"e2e"}, reply)
	return reply.value, err
}

func (g *grpcCaller) close() { _ = g.channel.Close() }
