package main

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
)

// The greeter of examples/proto/greeter.proto. Both its messages are one string in field 1, so the few bytes are
// written here by hand and no compiler for protos is needed.
const (
	greeterService = "sidestep.examples.Greeter"
	greetMethod    = "/" + greeterService + "/Greet"
	stringField1   = 1<<3 | 2
)

// oneString is a GreetRequest or a GreetReply.
type oneString struct{ value string }

type greeterCodec struct{}

var _ encoding.Codec = greeterCodec{}

func (greeterCodec) Name() string { return "proto" }

func (greeterCodec) Marshal(message any) ([]byte, error) {
	value := message.(*oneString).value
	if len(value) > 127 {
		return nil, fmt.Errorf("%d bytes in a greeting (expected: <= 127)", len(value))
	}
	return append([]byte{stringField1, byte(len(value))}, value...), nil
}

func (greeterCodec) Unmarshal(data []byte, message any) error {
	if len(data) == 0 {
		return nil
	}
	if len(data) < 2 || data[0] != stringField1 || int(data[1]) != len(data)-2 {
		return errors.New("not a greeting")
	}
	message.(*oneString).value = string(data[2:])
	return nil
}

// greeter answers one call.
type greeter interface {
	greet(ctx context.Context) (string, error)
}

var greeterDescription = grpc.ServiceDesc{
	ServiceName: greeterService,
	HandlerType: (*greeter)(nil),
	Methods: []grpc.MethodDesc{{
		MethodName: "Greet",
		Handler: func(server any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			if err := decode(&oneString{}); err != nil {
				return nil, err
			}
			pod, err := server.(greeter).greet(ctx)
			return &oneString{pod}, err
		},
	}},
}
