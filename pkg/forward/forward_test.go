package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	protocols "k8s.io/apimachinery/pkg/util/portforward"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// apiServer is an API server, of the time before websockets, whose pods greet
// and then give back what they get.
type apiServer struct {
	*httptest.Server
	mutex sync.Mutex
	// connections are those that are open.
	connections []httpstream.Connection
	// answer, if set, is asked first; it tells whether it has answered.
	answer func(w http.ResponseWriter, request *http.Request) bool
	// complaint is what the node has to say of each local connection, if
	// anything.
	complaint atomic.Value
}

func newAPIServer(t *testing.T) *apiServer {
	t.Helper()
	s := &apiServer{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(func() {
		s.cut()
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if s.answer != nil && s.answer(w, request) {
		return
	}
	if request.Method != http.MethodPost {
		http.Error(w, "no websockets here", http.StatusBadRequest)
		return
	}
	if _, err := httpstream.Handshake(request, w, []string{protocols.PortForwardV1Name}); err != nil {
		return
	}
	pod := strings.Split(request.URL.Path, "/")[6]
	streams := make(chan httpstream.Stream, 10)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, request, func(stream httpstream.Stream, _ <-chan struct{}) error {
		streams <- stream
		return nil
	})
	if connection == nil {
		return
	}
	s.mutex.Lock()
	s.connections = append(s.connections, connection)
	s.mutex.Unlock()
	complaints := map[string]httpstream.Stream{} // by local connection
	for {
		select {
		case <-connection.CloseChan():
			return
		case stream := <-streams:
			id := stream.Headers().Get(corev1.PortForwardRequestIDHeader)
			if stream.Headers().Get(corev1.StreamType) == corev1.StreamTypeError {
				complaints[id] = stream
				continue
			}
			go s.serve(pod, stream, complaints[id])
		}
	}
}

func (s *apiServer) serve(pod string, data, complaints httpstream.Stream) {
	complaint, complains := s.complaint.Load().(string)
	_, _ = io.WriteString(complaints, complaint)
	_ = complaints.Close()
	if !complains {
		fmt.Fprintf(data, "%s:%s\n", pod, data.Headers().Get(corev1.PortHeader))
		_, _ = io.Copy(data, data)
	}
	_ = data.Close()
}

// cut breaks all connections.
func (s *apiServer) cut() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, connection := range s.connections {
		_ = connection.Close()
	}
	s.connections = nil
}

// trial is a forwarder at work.
type trial struct {
	*Forwarder
	server *apiServer
	stop   context.CancelCauseFunc
	ended  chan error
	// events are what it told: "connected to a", "lost a: why".
	events chan string
}

var errStopped = errors.New("stopped")

// start runs a forwarder that goes to the pods in turn.
func start(t *testing.T, server *apiServer, targets ...Target) *trial {
	t.Helper()
	r := prepare(t, server, targets...)
	ctx, stop := context.WithCancelCause(t.Context())
	r.stop = stop
	go func() { r.ended <- r.Run(ctx) }()
	t.Cleanup(func() { stop(errStopped) })
	return r
}

func prepare(t *testing.T, server *apiServer, targets ...Target) *trial {
	t.Helper()
	config := &rest.Config{Host: server.URL, APIPath: "/api", ContentConfig: rest.ContentConfig{GroupVersion: &corev1.SchemeGroupVersion, NegotiatedSerializer: scheme.Codecs}}
	client, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	local, err := Free(t.Context(), "localhost", 0)
	if err != nil {
		t.Fatal(err)
	}
	r := &trial{server: server, ended: make(chan error, 1), events: make(chan string, 100)}
	turn := 0
	r.Forwarder = &Forwarder{
		Config: config, Client: client, Local: local,
		Next: func(context.Context) (Target, error) {
			turn++
			return targets[min(turn, len(targets))-1], nil
		},
		Limit: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, 10*time.Second, errors.New("timed out"))
		},
		Connected: func(target Target) { r.events <- "connected to " + target.Pod },
		Broken:    func(target Target, err error) { r.events <- "lost " + target.Pod + ": " + err.Error() },
	}
	return r
}

func (r *trial) hears(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-r.events:
		if !strings.HasPrefix(got, want) {
			t.Errorf("it told %q and not %q", got, want)
		}
	case err := <-r.ended:
		t.Fatalf("it ended: %v", err)
	case <-time.After(10 * time.Second):
		t.Fatalf("it did not tell %q", want)
	}
}

// wantTalk sends something, and wants the pod's greeting and the same back.
func (r *trial) wantTalk(t *testing.T, greeting string) {
	t.Helper()
	connection, err := net.Dial("tcp", r.Local.Host())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	sent := strings.Repeat("0123456789", 100_000)
	go func() {
		_, _ = io.WriteString(connection, sent)
		_ = connection.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(connection)
	if err != nil || string(got) != greeting+"\n"+sent {
		t.Errorf("%d bytes came back, %v: %.40q", len(got), err, got)
	}
}

func (r *trial) wantEnd(t *testing.T) {
	t.Helper()
	r.stop(errStopped)
	select {
	case err := <-r.ended:
		if err != errStopped {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it does not end")
	}
}

func target(pod string, usable context.Context) Target {
	return Target{Namespace: "n", Pod: pod, Port: 3000, Usable: usable}
}

func TestForward(t *testing.T) {
	r := start(t, newAPIServer(t), target("a", t.Context()))
	r.hears(t, "connected to a")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() { r.wantTalk(t, "a:3000") })
	}
	all.Wait()
	r.wantEnd(t)
	if _, err := net.Dial("tcp", r.Local.Host()); err == nil {
		t.Error("the port is still open")
	}
}

// TestForwardGoesOn has the pod go, the connection break, and the node
// complain.
func TestForwardGoesOn(t *testing.T) {
	server := newAPIServer(t)
	usable, drop := context.WithCancelCause(t.Context())
	r := start(t, server, target("a", usable), target("b", t.Context()))
	r.hears(t, "connected to a")
	r.wantTalk(t, "a:3000")
	drop(errors.New("it is gone"))
	r.hears(t, "lost a: it is gone")
	r.hears(t, "connected to b")
	r.wantTalk(t, "b:3000")
	server.cut()
	r.hears(t, "lost b: "+errCut.Error())
	r.hears(t, "connected to b")
	server.complaint.Store("nobody is there")
	connection, err := net.Dial("tcp", r.Local.Host())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	if said, _ := io.ReadAll(connection); len(said) > 0 {
		t.Errorf("it said %q", said)
	}
	r.hears(t, "lost b: nobody is there")
	r.hears(t, "connected to b")
	r.wantEnd(t)
}

// TestForwardRefused ends where trying again does not help, and only there.
func TestForwardRefused(t *testing.T) {
	server := newAPIServer(t)
	var asked atomic.Int32
	server.answer = func(w http.ResponseWriter, _ *http.Request) bool {
		code := http.StatusForbidden
		if asked.Add(1) <= 2 { // a websocket, and then SPDY
			code = http.StatusServiceUnavailable
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":%q,"message":"no","code":%d}`, map[int]string{403: "Forbidden", 503: "ServiceUnavailable"}[code], code)
		return true
	}
	r := start(t, server, target("a", t.Context()))
	r.hears(t, "lost a: ")
	if err := <-r.ended; !apierrors.IsForbidden(err) {
		t.Errorf("it ended with %v", err)
	}
}

// TestForwardTaken ends when somebody else has taken the port.
func TestForwardTaken(t *testing.T) {
	server := newAPIServer(t)
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	r := prepare(t, server, target("a", t.Context()))
	r.Local = Local{"127.0.0.1", taken.Addr().(*net.TCPAddr).Port}
	var refused *ListenError
	if err := r.Run(t.Context()); !errors.As(err, &refused) || !strings.HasSuffix(err.Error(), ": address already in use; choose another --port, or omit it for a free one") {
		t.Errorf("it ended with %v", err)
	}
}

// TestForwardLeavesNothing ends while a server does not answer, and while a local
// connection is open.
func TestForwardLeavesNothing(t *testing.T) {
	before := runtime.NumGoroutine()
	for name, hang := range map[string]string{"websocket": http.MethodGet, "SPDY": http.MethodPost, "neither": ""} {
		server := newAPIServer(t)
		asked, release := make(chan struct{}, 10), make(chan struct{})
		server.answer = func(_ http.ResponseWriter, request *http.Request) bool {
			if request.Method != hang {
				return false
			}
			asked <- struct{}{}
			<-release
			return true
		}
		r := start(t, server, target("a", t.Context()))
		if hang == "" {
			r.hears(t, "connected to a")
			local, err := net.Dial("tcp", r.Local.Host())
			if err != nil {
				t.Fatal(err)
			}
			defer local.Close()
			if _, err := io.ReadFull(local, make([]byte, 2)); err != nil {
				t.Error(name, err)
			}
		} else {
			<-asked
		}
		r.wantEnd(t)
		close(release)
		server.cut()
		server.CloseClientConnections()
		server.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines are left of %d:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}
