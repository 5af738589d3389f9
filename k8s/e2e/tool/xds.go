package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// rawCodec hands bytes through: the one message that is sent is written by hand.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) ([]byte, error) { return *message.(*[]byte), nil }

func (rawCodec) Unmarshal(data []byte, message any) error {
	*message.(*[]byte) = append([]byte(nil), data...)
	return nil
}

// field is one length-delimited field of a message.
func field(number byte, value []byte) []byte {
	if len(value) > 127 {
		panic("longer than the test sends")
	}
	return append([]byte{number<<3 | 2, byte(len(value))}, value...)
}

// xds opens a delta stream to the control plane as its clients do, and says whether it is served or why not.
func xds(args []string) error {
	flags := flag.NewFlagSet("xds", flag.ContinueOnError)
	address := flags.String("address", "control-plane.sidestep-system.svc:16012", "the control plane")
	token := flags.String("token-file", "", "the token to show; none if empty")
	text := flags.String("token", "", "the token itself")
	node := flags.String("node-id", "", "the id to claim")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if *token != "" {
		read, err := os.ReadFile(*token)
		if err != nil {
			return err
		}
		*text = string(read)
	}
	if *text != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+*text)
	}
	// Whether the server is the right one is tested by those that have its CA; this asks what it makes of us.
	channel, err := grpc.NewClient(*address,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{InsecureSkipVerify: true})),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{})))
	if err != nil {
		return err
	}
	defer channel.Close()
	stream, err := channel.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true},
		"/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources")
	if err != nil {
		return err
	}
	request := append(field(1, field(1, []byte(*node))), field(2, []byte("type.googleapis.com/sidestep.v1.Self"))...)
	if err := stream.SendMsg(&request); err != nil {
		return err
	}
	var answer []byte
	if err := stream.RecvMsg(&answer); err != nil {
		if said, ok := status.FromError(err); ok {
			return errors.New(said.Code().String() + ": " + said.Message())
		}
		return err
	}
	fmt.Printf("served, %d bytes\n", len(answer))
	return nil
}
