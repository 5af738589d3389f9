// Command tool is every test program of the cluster runs that is not Java, in one static binary: a server that can be
// told to misbehave, a load generator, and one-shot probes of protocols that Sidestep passes through.
package main

import (
	"fmt"
	"os"
	"sort"
	"strings"
)

const usage = `usage: tool COMMAND [--flag value]...
  serve      answers HTTP/1.1, h2c and gRPC with the pod's name, and TCP, WebSocket, TLS and blobs beside it
  load       waits for load specifications on its control port and calls as they say
  init CMD   runs CMD as process 1 should: forwards signals and ends as it does, so that CMD itself can be killed
  signal KILL|STOP|CONT  to the program under init
  get URL    one GET; prints the body
  greeting HOST:PORT   reads what the server says first, sends a line, and expects it back
  websocket URL        opens one, sends messages and expects them back
  blob URL MEGABYTES   sends and fetches so much and compares digests
  tls HOST:PORT NAME   shakes hands, and expects the server's own certificate for NAME
  redis HOST:PORT      SET and GET
  postgres HOST:PORT   a query as user "e2e"
  xds        asks the control plane as its clients do`

// command runs one of the commands above with what follows its name.
type command func(args []string) error

var commands = map[string]command{
	"serve":     serve,
	"load":      load,
	"init":      supervise,
	"signal":    signalChild,
	"get":       get,
	"greeting":  greeting,
	"websocket": webSocket,
	"blob":      blob,
	"tls":       tlsPassthrough,
	"redis":     redis,
	"postgres":  postgres,
	"xds":       xds,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		names := make([]string, 0, len(commands))
		for name := range commands {
			names = append(names, name)
		}
		sort.Strings(names)
		fmt.Fprintf(os.Stderr, "tool: expected one of %s\n%s\n", strings.Join(names, ", "), usage)
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "tool %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
