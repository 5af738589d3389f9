"""Calls the Greeter as often as each line of the standard input says, and prints who answered as one line of JSON.

The target is the only argument. Errors are counted under the name of their status.
"""

import json
import sys
from collections import Counter

import grpc


def text(value):
    return value.encode()


def main():
    with grpc.insecure_channel(sys.argv[1]) as channel:
        greet = channel.unary_unary(
            "/sidestep.test.Greeter/Greet",
            request_serializer=text,
            response_deserializer=bytes.decode,
        )
        print("ready", flush=True)
        for line in sys.stdin:
            seen = Counter()
            for _ in range(int(line)):
                try:
                    seen[greet("", timeout=10)] += 1
                except grpc.RpcError as error:
                    seen[error.code().name] += 1
            print(json.dumps(seen), flush=True)


main()
