package main

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// fault is how the application misbehaves; the zero value is health.
type fault struct {
	status int           // instead of 200, if not 0
	delay  time.Duration // before each answer
	hang   bool          // no answer before it is healed
}

// faults holds the fault in force. For any goroutine.
type faults struct {
	mutex  sync.Mutex
	now    fault
	healed chan struct{} // closed when what hangs shall go on
}

func newFaults() *faults { return &faults{healed: make(chan struct{})} }

func (f *faults) current() (fault, <-chan struct{}) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return f.now, f.healed
}

func (f *faults) set(next fault) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.now = next
	close(f.healed)
	f.healed = make(chan struct{})
}

// endure waits as the fault demands and gives the status to answer with.
func (f *faults) endure(gone <-chan struct{}) int {
	now, healed := f.current()
	if now.hang {
		select {
		case <-healed:
		case <-gone:
		}
	}
	if now.delay > 0 {
		select {
		case <-time.After(now.delay):
		case <-gone:
		}
	}
	if now.status != 0 {
		return now.status
	}
	return http.StatusOK
}

// ServeHTTP obeys POST ?kind=status&status=503 | latency&ms=200 | hang, and DELETE, which heals.
func (f *faults) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if request.Method == http.MethodDelete {
		f.set(fault{})
		return
	}
	query := request.URL.Query()
	number := func(name string, otherwise int) int {
		if value, err := strconv.Atoi(query.Get(name)); err == nil {
			return value
		}
		return otherwise
	}
	switch kind := query.Get("kind"); kind {
	case "status":
		f.set(fault{status: number("status", http.StatusServiceUnavailable)})
	case "latency":
		f.set(fault{delay: time.Duration(number("ms", 1000)) * time.Millisecond})
	case "hang":
		f.set(fault{hang: true})
	default:
		http.Error(response, fmt.Sprintf("kind: %q (expected: status, latency or hang; or DELETE)", kind), http.StatusBadRequest)
	}
}
