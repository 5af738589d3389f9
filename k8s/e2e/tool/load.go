package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

// specification is a load that somebody asked for.
type specification struct {
	caller    caller
	burst     int           // calls that start at once at each tick
	tick      time.Duration // between bursts
	timeout   time.Duration // of one call
	postEvery int           // every so many-th call is a POST; 0 for none
}

// caller makes one call and gives the name of the pod that answered.
type caller interface {
	call(ctx context.Context, method string) (pod string, err error)
	kind(method string) string
	close()
}

// run is one load, from its start to the end of its last call. Its records are kept until the process ends: a line of
// tab-separated "call", microseconds since 1970 at start and end, kind, pod or "-", "OK" or "FAILED", and the error.
type run struct {
	specification specification
	stop          context.CancelFunc
	done          chan struct{}
	mutex         sync.Mutex
	records       bytes.Buffer
	inFlight      sync.WaitGroup
}

const maxInFlight = 2000

func (r *run) work(ctx context.Context) {
	defer close(r.done)
	slots := make(chan struct{}, maxInFlight)
	start := time.Now()
	count := 0
	for tick := 0; ; tick++ {
		// The beat does not wait for answers, as users do not, and a late tick is not skipped.
		select {
		case <-ctx.Done():
			r.inFlight.Wait()
			r.specification.caller.close()
			return
		case <-time.After(time.Until(start.Add(time.Duration(tick) * r.specification.tick))):
		}
		for range r.specification.burst {
			count++
			method := http.MethodGet
			if r.specification.postEvery > 0 && count%r.specification.postEvery == 0 {
				method = http.MethodPost
			}
			slots <- struct{}{}
			r.inFlight.Go(func() {
				r.one(method)
				<-slots
			})
		}
	}
}

func (r *run) one(method string) {
	begun := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), r.specification.timeout)
	defer cancel()
	pod, err := r.specification.caller.call(ctx, method)
	ended := time.Now()
	if pod == "" {
		pod = "-"
	}
	result, text := "OK", ""
	if err != nil {
		result, text = "FAILED", strings.Join(strings.Fields(err.Error()), " ")
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	fmt.Fprintf(&r.records, "call\t%d\t%d\t%s\t%s\t%s\t%s\n",
		begun.UnixMicro(), ended.UnixMicro(), r.specification.caller.kind(method), pod, result, text)
}

// from gives what was recorded since the offset, in whole lines.
func (r *run) from(offset int) []byte {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return bytes.Clone(r.records.Bytes()[min(offset, r.records.Len()):])
}

// control is the HTTP side: POST /start?name=N&http=URL|h2=URL|grpc=HOST:PORT&tick=MS&connections=N&
// timeout=MS&post-every=N&fresh=true (a connection of its own for each HTTP/1.1 call), POST /stop?name=N,
// GET /records?name=N&from=BYTES, GET /call?http=URL (one call), GET /clock (microseconds since 1970). examples/frontend understands the same, for Java.
type control struct {
	mutex sync.Mutex
	runs  map[string]*run
}

func (c *control) find(name string) *run {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.runs[name]
}

func (c *control) start(response http.ResponseWriter, request *http.Request) {
	query := request.URL.Query()
	specification, err := parse(query)
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	next := &run{specification: specification, stop: stop, done: make(chan struct{})}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	name := query.Get("name")
	if c.runs[name] != nil {
		stop()
		http.Error(response, fmt.Sprintf("name: %q is taken", name), http.StatusConflict)
		return
	}
	c.runs[name] = next
	go next.work(ctx)
}

func (c *control) stop(response http.ResponseWriter, request *http.Request) {
	found := c.find(request.URL.Query().Get("name"))
	if found == nil {
		http.NotFound(response, request)
		return
	}
	found.stop()
	<-found.done
}

func (c *control) records(response http.ResponseWriter, request *http.Request) {
	found := c.find(request.URL.Query().Get("name"))
	if found == nil {
		http.NotFound(response, request)
		return
	}
	offset, _ := strconv.Atoi(request.URL.Query().Get("from"))
	_, _ = response.Write(found.from(offset))
}

func parse(query url.Values) (specification, error) {
	number := func(name string, otherwise int) (int, error) {
		text := query.Get(name)
		if text == "" {
			return otherwise, nil
		}
		value, err := strconv.Atoi(text)
		if err != nil || value < 0 {
			return 0, fmt.Errorf("%s: %q (expected: a number >= 0)", name, text)
		}
		return value, nil
	}
	var result specification
	var err error
	milliseconds := map[string]*time.Duration{"tick": &result.tick, "timeout": &result.timeout}
	for name, target := range milliseconds {
		value, failed := number(name, map[string]int{"tick": 20, "timeout": 2000}[name])
		if failed != nil || value == 0 {
			return result, fmt.Errorf("%s: %q (expected: milliseconds >= 1)", name, query.Get(name))
		}
		*target = time.Duration(value) * time.Millisecond
	}
	if result.burst, err = number("connections", 5); err != nil {
		return result, err
	}
	if result.postEvery, err = number("post-every", 0); err != nil {
		return result, err
	}
	switch {
	case query.Get("http") != "":
		result.caller, err = newHTTP1(query.Get("http"), query.Get("fresh") == "true")
	case query.Get("h2") != "":
		result.caller, err = newHTTP2(query.Get("h2"))
	case query.Get("grpc") != "":
		result.caller, err = newGRPC(query.Get("grpc"))
	default:
		err = fmt.Errorf("expected: http=URL, h2=URL or grpc=HOST:PORT")
	}
	return result, err
}

// answerOfOneCall makes one call to ?http=URL, over a connection of its own, and answers with its body.
func answerOfOneCall(response http.ResponseWriter, request *http.Request) {
	client := http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Get(request.URL.Query().Get("http"))
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	response.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(response, answer.Body)
}

// load serves the control port until it is ended.
func load(args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	address := flags.String("control", ":8099", "where to be told")
	if err := flags.Parse(args); err != nil {
		return err
	}
	control := &control{runs: map[string]*run{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /start", control.start)
	mux.HandleFunc("POST /stop", control.stop)
	mux.HandleFunc("GET /records", control.records)
	mux.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /call", answerOfOneCall)
	mux.HandleFunc("GET /clock", func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(response, time.Now().UnixMicro())
	})
	fmt.Println("listening")
	return http.ListenAndServe(*address, mux)
}
