// Calls a SessionService continuously, with the options that docs/media-servers.md recommends for Go,
// until its standard input ends. Every 50 ms it prints the number of successful calls, and the failures.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // required by the policy's healthCheckConfig
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

const service = "conversation.v1.SessionService"

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: go-client ADDRESS,ADDRESS RETRY_POLICY_FILE DESCRIPTOR_SET_FILE")
		os.Exit(2)
	}
	connection := connect(strings.Split(os.Args[1], ","), read(os.Args[2]))
	defer connection.Close()
	load := &load{connection: connection, service: findService(read(os.Args[3])), failures: []string{}}
	load.run(4, 12)
}

// connect balances calls over the addresses, as if a DNS name resolved to them.
func connect(addresses []string, policy []byte) *grpc.ClientConn {
	servers := manual.NewBuilderWithScheme("servers")
	var state resolver.State
	for _, address := range addresses {
		state.Addresses = append(state.Addresses, resolver.Address{Addr: address})
	}
	servers.InitialState(state)
	connection, err := grpc.NewClient("servers:///sessions",
		grpc.WithResolvers(servers),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(string(policy)),
		grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxRetryRPCBufferSize(4<<20)),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 2 * time.Second,
		}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
	)
	check(err)
	return connection
}

// progress is printed as a line of JSON.
type progress struct {
	Answered int64    `json:"answered"`
	Failures []string `json:"failures"`
	Ended    bool     `json:"ended"`
}

type load struct {
	connection *grpc.ClientConn
	service    protoreflect.ServiceDescriptor
	sent       atomic.Int64
	answered   atomic.Int64
	stopped    atomic.Bool
	lock       sync.Mutex
	failures   []string
}

// run makes calls from a number of goroutines, for a number of sessions, until standard input ends.
func (l *load) run(sessions, callers int) {
	for i := range sessions {
		l.call("CreateSession", fmt.Sprintf(`{"sessionId": "go-%d", "language": "en"}`, i))
	}
	var running sync.WaitGroup
	for caller := range callers {
		running.Add(1)
		go func() {
			defer running.Done()
			for !l.stopped.Load() {
				l.callOnce(caller, sessions)
			}
		}()
	}
	go l.printProgress()
	_, _ = io.Copy(io.Discard, os.Stdin)
	l.stopped.Store(true)
	running.Wait()
	l.print(true)
}

// callOnce makes one call: most add an event, which is large for every fourth caller; some read a session.
func (l *load) callOnce(caller, sessions int) {
	number := l.sent.Add(1)
	session := fmt.Sprintf("go-%d", number%int64(sessions))
	if number%10 == 0 {
		l.call("GetSession", fmt.Sprintf(`{"sessionId": %q, "limit": 10}`, session))
		return
	}
	text := "what was said"
	if caller%4 == 0 {
		text = strings.Repeat("x", 300_000)
	}
	event := `{"sessionId": %q, "eventId": "event-%d", "type": "transcript", "payload": {"text": %q}}`
	l.call("AddEvent", fmt.Sprintf(event, session, number, text))
}

func (l *load) call(method, requestJSON string) {
	descriptor := l.service.Methods().ByName(protoreflect.Name(method))
	request := dynamicpb.NewMessage(descriptor.Input())
	check(protojson.Unmarshal([]byte(requestJSON), request))
	reply := dynamicpb.NewMessage(descriptor.Output())
	err := l.connection.Invoke(context.Background(), "/"+service+"/"+method, request, reply)
	if err == nil {
		l.answered.Add(1)
		return
	}
	l.lock.Lock()
	defer l.lock.Unlock()
	l.failures = append(l.failures, method+": "+err.Error())
}

func (l *load) printProgress() {
	for !l.stopped.Load() {
		l.print(false)
		time.Sleep(50 * time.Millisecond)
	}
}

func (l *load) print(ended bool) {
	l.lock.Lock()
	defer l.lock.Unlock()
	line, err := json.Marshal(progress{Answered: l.answered.Load(), Failures: l.failures, Ended: ended})
	check(err)
	fmt.Println(string(line))
}

func findService(descriptorSet []byte) protoreflect.ServiceDescriptor {
	var set descriptorpb.FileDescriptorSet
	check(proto.Unmarshal(descriptorSet, &set))
	files, err := protodesc.NewFiles(&set)
	check(err)
	found, err := files.FindDescriptorByName(service)
	check(err)
	return found.(protoreflect.ServiceDescriptor)
}

func read(path string) []byte {
	bytes, err := os.ReadFile(path)
	check(err)
	return bytes
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
