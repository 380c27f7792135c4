// Package fakeapi is an API server of a few lines, for tests of requests that a
// real one would hardly bring about: it records requests, and answers as a test
// says.
package fakeapi

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// Request is what the server got.
type Request struct {
	Method, Path string
	Query        url.Values
	Header       http.Header
	Body         string
}

// URI is the path with the query.
func (r Request) URI() string {
	return strings.TrimSuffix(r.Path+"?"+r.Query.Encode(), "?")
}

// IsWatch reports whether it is a watch.
func (r Request) IsWatch() bool { return r.Query.Get("watch") != "" }

// Server answers requests and records them.
type Server struct {
	// Config is for clients, which speak JSON to it.
	Config *rest.Config

	answer   func(Request) any
	mutex    sync.Mutex
	requests []Request
}

// New starts a server that ends with the test. The answer to a request is an
// object, a Status with the answer's code, a Stream, or the bytes of a log.
func New(t *testing.T, answer func(Request) any) *Server {
	t.Helper()
	s := &Server{answer: answer}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Config = &rest.Config{Host: server.URL, QPS: -1, ContentConfig: rest.ContentConfig{ContentType: "application/json"}}
	return s
}

// Client makes a client with one of the constructors of client-go.
func Client[C any](t *testing.T, s *Server, construct func(*rest.Config) (C, error)) C {
	t.Helper()
	client, err := construct(s.Config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	body, _ := io.ReadAll(in.Body)
	got := Request{in.Method, in.URL.Path, in.URL.Query(), in.Header, string(body)}
	s.mutex.Lock()
	s.requests = append(s.requests, got)
	s.mutex.Unlock()
	answered := s.answer(got)
	out.Header().Set("Content-Type", "application/json")
	switch answered := answered.(type) {
	case []byte:
		_, _ = out.Write(answered)
	case Stream:
		answered.send(out, got, in.Context().Done())
	case metav1.Status:
		out.WriteHeader(int(answered.Code))
		write(out, answered)
	default:
		write(out, answered)
	}
}

// Requests are those until now.
func (s *Server) Requests() []Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.requests)
}

// write does not mind a client that has gone: it has seen enough.
func write(out io.Writer, object any) { _ = json.NewEncoder(out).Encode(object) }

// Failure is a Status as an API server writes it.
func Failure(code int32, reason metav1.StatusReason, message string) metav1.Status {
	return metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure,
		Code:     code,
		Reason:   reason,
		Message:  message,
	}
}

// Forbidden is the Status of what one may not do.
func Forbidden(message string) metav1.Status {
	return Failure(http.StatusForbidden, metav1.StatusReasonForbidden, message)
}
