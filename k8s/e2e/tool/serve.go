package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// server is the application: one pod's answers, on several ports.
type server struct {
	pod       string
	work      time.Duration
	accessLog bool
	relay     string // empty: answers by itself
	faults    *faults
	requests  atomic.Int64 // that arrived at /api or the greeter
	repeated  atomic.Int64 // of them those that say that they are not the first attempt
}

// serve runs until SIGTERM. With --on-term die it ends at once, as many applications do; with drain it first finishes
// what is under way.
func serve(args []string) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	pod := flags.String("pod", hostname(), "name to answer with")
	httpAddress := flags.String("http", ":80", "HTTP/1.1 and h2c, also WebSocket and blobs")
	grpcAddress := flags.String("grpc", ":81", "gRPC")
	greetingAddress := flags.String("greeting", ":82", "TCP, where the server speaks first")
	tlsAddress := flags.String("tls", ":83", "HTTPS with a certificate of its own for --tls-name")
	tlsName := flags.String("tls-name", "backend.example", "the name in that certificate")
	controlAddress := flags.String("control", ":8098", "faults, counters, readiness; empty for none")
	work := flags.Duration("work", 5*time.Millisecond, "how long an answer takes")
	accessLog := flags.Bool("access-log", false, "print a line for each HTTP request")
	relay := flags.String("relay", "", "a URL to GET for each request; its answer becomes ours")
	onTerm := flags.String("on-term", "drain", "drain or die")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *onTerm != "drain" && *onTerm != "die" {
		return fmt.Errorf("--on-term %s (expected: drain or die)", *onTerm)
	}
	application := &server{pod: *pod, work: *work, relay: *relay, accessLog: *accessLog, faults: newFaults()}

	listeners := map[string]net.Listener{}
	for name, address := range map[string]string{
		"http": *httpAddress, "grpc": *grpcAddress, "greeting": *greetingAddress, "tls": *tlsAddress, "control": *controlAddress,
	} {
		if address == "" {
			continue
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			return fmt.Errorf("--%s: %w", name, err)
		}
		listeners[name] = listener
	}

	httpServer := &http.Server{Handler: application.handler(), Protocols: new(http.Protocols), ErrorLog: log.New(io.Discard, "", 0)}
	httpServer.Protocols.SetHTTP1(true)
	httpServer.Protocols.SetUnencryptedHTTP2(true)
	grpcServer := grpc.NewServer(grpc.ForceServerCodec(greeterCodec{}))
	grpcServer.RegisterService(&greeterDescription, application)
	ended := make(chan error, len(listeners))
	start := func(name string, run func(net.Listener) error) {
		if listener := listeners[name]; listener != nil {
			go func() { ended <- fmt.Errorf("%s: %w", name, run(listener)) }()
		}
	}
	start("http", httpServer.Serve)
	start("grpc", func(listener net.Listener) error { return grpcServer.Serve(listener) })
	start("greeting", application.greet1)
	start("tls", func(listener net.Listener) error { return application.serveTLS(listener, *tlsName) })
	start("control", func(listener net.Listener) error { return http.Serve(listener, application.control()) })
	fmt.Printf("listening\t%s\n", *pod)

	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-ended:
		return err
	case <-signals:
	}
	fmt.Printf("ending\t%s\t%s\n", *pod, *onTerm)
	if *onTerm == "die" {
		return nil
	}
	drained, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	go grpcServer.GracefulStop()
	if err := httpServer.Shutdown(drained); err != nil {
		return err
	}
	grpcServer.GracefulStop()
	return nil
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/websocket", s.webSocket)
	mux.HandleFunc("POST /blob", s.takeBlob)
	mux.HandleFunc("GET /blob", s.giveBlob)
	mux.HandleFunc("/", s.answer)
	return mux
}

// answer tells the pod's name, and in headers what the pod saw of the request.
func (s *server) answer(response http.ResponseWriter, request *http.Request) {
	s.count(request.Header.Get("X-Sidestep-Attempt"))
	_, _ = io.Copy(io.Discard, request.Body)
	time.Sleep(s.work)
	code := s.faults.endure(request.Context().Done())
	if s.relay != "" {
		if err := s.ask(request.Context()); err != nil {
			http.Error(response, err.Error(), http.StatusBadGateway)
			return
		}
	}
	peer, _, _ := net.SplitHostPort(request.RemoteAddr)
	if s.accessLog {
		fmt.Printf("%s \"%s %s %s\" %d\n", peer, request.Method, request.URL.Path, request.Proto, code)
	}
	header := response.Header()
	header.Set("Pod", s.pod)
	header.Set("Peer", peer)
	header.Set("Seen-Host", request.Host)
	header.Set("Seen-Protocol", request.Proto)
	response.WriteHeader(code)
	fmt.Fprintln(response, s.pod)
}

// ask is the call behind ours: what goes through the sidecar or agent of this very pod.
func (s *server) ask(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.relay, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", s.relay, response.Status)
	}
	return nil
}

func (s *server) greet(ctx context.Context) (string, error) {
	attempt := ""
	if values := metadata.ValueFromIncomingContext(ctx, "x-sidestep-attempt"); len(values) > 0 {
		attempt = values[0]
	}
	s.count(attempt)
	time.Sleep(s.work)
	if code := s.faults.endure(ctx.Done()); code != http.StatusOK {
		return "", status.Error(codes.Unavailable, "failing, as told")
	}
	return s.pod, nil
}

func (s *server) count(attempt string) {
	s.requests.Add(1)
	if attempt != "" && attempt != "1" {
		s.repeated.Add(1)
	}
}

// control obeys even while the rest misbehaves.
func (s *server) control() http.Handler {
	var unready atomic.Bool
	mux := http.NewServeMux()
	mux.Handle("/faults", s.faults)
	mux.HandleFunc("/ready", func(response http.ResponseWriter, request *http.Request) {
		switch request.Method {
		case http.MethodPost:
			unready.Store(false)
		case http.MethodDelete:
			unready.Store(true)
		default:
			if unready.Load() {
				http.Error(response, "told not to be ready", http.StatusServiceUnavailable)
			}
		}
	})
	mux.HandleFunc("/counters", func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(response, "requests\t%d\nrepeated\t%d\n", s.requests.Load(), s.repeated.Load())
	})
	return mux
}

// takeBlob answers with the digest of what it was sent.
func (s *server) takeBlob(response http.ResponseWriter, request *http.Request) {
	digest := sha256.New()
	if _, err := io.Copy(digest, request.Body); err != nil {
		return // The caller is gone.
	}
	response.Header().Set("Pod", s.pod)
	fmt.Fprint(response, hex.EncodeToString(digest.Sum(nil)))
}

// giveBlob sends ?megabytes=N that everybody can compute.
func (s *server) giveBlob(response http.ResponseWriter, request *http.Request) {
	megabytes, err := strconv.Atoi(request.URL.Query().Get("megabytes"))
	if err != nil || megabytes < 0 || megabytes > 1024 {
		http.Error(response, "megabytes: expected 0..1024", http.StatusBadRequest)
		return
	}
	response.Header().Set("Pod", s.pod)
	response.Header().Set("Content-Length", strconv.Itoa(megabytes<<20))
	_, _ = io.Copy(response, newPattern(megabytes<<20))
}
