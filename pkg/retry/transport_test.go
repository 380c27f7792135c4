package retry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// server answers one request after the other from a list, the last for ever.
type server struct {
	answers []func() (*http.Response, error)
	bodies  []string
}

func (s *server) RoundTrip(request *http.Request) (*http.Response, error) {
	body := ""
	if request.Body != nil {
		data, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, err
		}
		body = string(data)
	}
	s.bodies = append(s.bodies, body)
	n := min(len(s.bodies), len(s.answers))
	return s.answers[n-1]()
}

func status(code int, header ...string) func() (*http.Response, error) {
	return func() (*http.Response, error) {
		response := &http.Response{
			StatusCode: code,
			Status:     fmt.Sprintf("%d %s", code, http.StatusText(code)),
			Header:     http.Header{},
			Body:       io.NopCloser(strings.NewReader("body")),
		}
		for i := 0; i < len(header); i += 2 {
			response.Header.Set(header[i], header[i+1])
		}
		return response, nil
	}
}

func failure(err error) func() (*http.Response, error) {
	return func() (*http.Response, error) { return nil, err }
}

// cutOff answers, and breaks in the middle.
func cutOff() (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(io.MultiReader(strings.NewReader("bo"), brokenReader{}))}, nil
}

func answers(message string) func() (*http.Response, error) {
	body := `{"kind":"Status","status":"Failure","message":"` + message + `","code":500}` + "body"
	return func() (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusInternalServerError, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

var (
	refused = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	reset   = &net.OpError{Op: "read", Err: syscall.ECONNRESET}
	// late is what a dial, a handshake or a read gives that takes too long.
	late = &net.OpError{Op: "dial", Err: os.ErrDeadlineExceeded}
)

func TestRoundTrip(t *testing.T) {
	ok := status(http.StatusOK)
	const (
		get   = "GET /api/v1/pods"
		apply = "PATCH /api/v1/namespaces/a"
	)
	for _, test := range []struct {
		name, request string
		answers       []func() (*http.Response, error)
		// want is the status, 0 for an error; sent is how often it was sent.
		want, sent int
	}{
		{"at once", get, []func() (*http.Response, error){ok}, 200, 1},
		{"unavailable", get, []func() (*http.Response, error){status(503), status(502), status(504), status(500), ok}, 200, 5},
		{"busy", apply, []func() (*http.Response, error){status(429, "Retry-After", "1"), ok}, 200, 2},
		{"reset", apply, []func() (*http.Response, error){failure(reset), failure(io.EOF), failure(io.ErrUnexpectedEOF), ok}, 200, 4},
		{"cut off", get, []func() (*http.Response, error){cutOff, ok}, 200, 2},
		{"goaway", get, []func() (*http.Response, error){failure(errors.New("http2: server sent GOAWAY and closed the connection")), ok}, 200, 2},
		{"for ever unavailable", get, []func() (*http.Response, error){status(503, "Retry-After", "1")}, 503, 31},
		{"for ever slow", get, []func() (*http.Response, error){status(503, "Retry-After", "10")}, 503, attempts},
		{"refused from the start", get, []func() (*http.Response, error){failure(refused), ok}, 0, 1},
		{"refused after an answer", get, []func() (*http.Response, error){status(503), failure(refused), failure(refused), ok}, 200, 4},
		{"timeout from the start", get, []func() (*http.Response, error){failure(late), ok}, 0, 1},
		{"timeout after an answer", apply, []func() (*http.Response, error){status(503), failure(late), failure(fmt.Errorf("net/http: %w", late)), ok}, 200, 4},
		{"unreachable after an answer", get, []func() (*http.Response, error){status(503), failure(syscall.EHOSTUNREACH), failure(syscall.ENETUNREACH), ok}, 200, 4},
		{"etcd's leader changed", apply, []func() (*http.Response, error){status(500), status(503), ok}, 200, 3},
		{"expired token", get, []func() (*http.Response, error){status(401), ok}, 200, 2},
		{"forbidden for a start", apply, []func() (*http.Response, error){status(503), failure(refused), status(403), status(401), status(401), status(403), ok}, 200, 7},
		{"forbidden when it is busy", apply, []func() (*http.Response, error){status(429), status(500), status(403), ok}, 403, 3},
		{"token expired in an outage", get, []func() (*http.Response, error){status(503), failure(refused), status(401), ok}, 200, 4},
		{"wrong token", get, []func() (*http.Response, error){status(401), status(401), ok}, 401, 2},
		{"not found", get, []func() (*http.Response, error){status(404), ok}, 404, 1},
		{"conflict", apply, []func() (*http.Response, error){status(409), ok}, 409, 1},
		{"a kubelet's fault", get + "/a/log", []func() (*http.Response, error){status(500), ok}, 500, 1},
		{"a busy server on the way to a kubelet", get + "/a/log", []func() (*http.Response, error){status(503), ok}, 200, 2},
		{"a webhook that comes back", apply + "?dryRun=All", []func() (*http.Response, error){silentWebhook, ok}, 200, 2},
		{"too large for etcd", apply, []func() (*http.Response, error){answers("etcdserver: request is too large"), ok}, 500, 1},
		{"not of its schema", apply, []func() (*http.Response, error){answers("failed to create typed patch object (default/c; /v1, Kind=ConfigMap): .daata: field not declared in schema"), ok}, 500, 1},
		{"invalid", apply, []func() (*http.Response, error){status(422), ok}, 422, 1},
		{"forbidden", get, []func() (*http.Response, error){status(403), ok}, 403, 1},
		{"unknown authority", get, []func() (*http.Response, error){failure(errors.New("x509: certificate signed by unknown authority")), ok}, 0, 1},
		{"create", "POST /api/v1/namespaces", []func() (*http.Response, error){status(503), ok}, 503, 1},
		{"delete", "DELETE /api/v1/namespaces/a", []func() (*http.Response, error){failure(reset), ok}, 0, 1},
		{"review", "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", []func() (*http.Response, error){status(503), ok}, 200, 2},
		{"watch", get + "?watch=true", []func() (*http.Response, error){status(503), ok}, 200, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next := &server{answers: test.answers}
				var told []string
				transport := &Transport{Next: next, Tell: func(reason string) { told = append(told, reason) }}
				response, err := transport.RoundTrip(newRequest(t, t.Context(), test.request))
				if got := statusOf(response); got != test.want || (err == nil) != (test.want != 0) {
					t.Errorf("status %d, error %v; want %d", got, err, test.want)
				}
				if len(next.bodies) != test.sent || len(told) != test.sent-1 {
					t.Errorf("sent %d times and told %q, want %d times", len(next.bodies), told, test.sent)
				}
				for _, body := range next.bodies {
					if body != "content" {
						t.Errorf("the body was %q", body)
					}
				}
				if response == nil {
					return
				}
				if body, err := io.ReadAll(response.Body); err != nil || !strings.HasSuffix(string(body), "body") {
					t.Errorf("the answer is %q, %v", body, err)
				}
				if response.Header.Get("Retry-After") != "" {
					t.Error("client-go would begin again")
				}
			})
		})
	}
}

// TestFlows gives what comes as it comes, where it may come for ever.
func TestFlows(t *testing.T) {
	const get, log = "GET /api/v1/pods", "GET /api/v1/namespaces/a/pods/web/log"
	for request, flows := range map[string]bool{
		get + "?watch=true":  true,
		get + "?watch=1":     true,
		get + "?watch=false": false,
		get:                  false,
		get + "?follow=true": false,
		log:                  true,
		"GET /k8s/clusters/c-1/api/v1/namespaces/a/pods/web/log": true,
		log + "?container=web":                    true,
		log + "?follow=true&tailLines=1":          true,
		log + "?tailLines=20&limitBytes=100000":   false,
		log + "?limitBytes=10&follow=false":       false,
		"GET /api/v1/namespaces/a/configmaps/log": false,
	} {
		synctest.Test(t, func(t *testing.T) {
			body, more := io.Pipe()
			var answered atomic.Bool
			go func() {
				time.Sleep(time.Hour)
				if answered.Load() != flows {
					t.Errorf("%s: answered before the end: %t", request, !flows)
				}
				more.Close()
			}()
			next := &server{answers: []func() (*http.Response, error){func() (*http.Response, error) {
				response, _ := status(http.StatusOK)()
				response.Body = body
				return response, nil
			}}}
			response, err := (&Transport{Next: next}).RoundTrip(newRequest(t, t.Context(), request))
			answered.Store(true)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.ReadAll(response.Body) // until it ends
		})
	}
}

// TestPatience goes on for a while with a connection that breaks each time,
// and then gives up.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &Transport{Next: &server{answers: []func() (*http.Response, error){failure(reset)}}}
		began := time.Now()
		_, err := transport.RoundTrip(newRequest(t, t.Context(), "GET /"))
		if took := time.Since(began); !errors.Is(err, syscall.ECONNRESET) || took < patience || took > patience+longestPause {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// TestSettling believes a server that goes on to forbid what it forbids.
func TestSettling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &server{answers: []func() (*http.Response, error){status(503), status(403)}}
		transport := &Transport{Next: next}
		began := time.Now()
		response, err := transport.RoundTrip(newRequest(t, t.Context(), "GET /"))
		if took := time.Since(began); statusOf(response) != 403 || took < settling || took > settling+longestPause {
			t.Errorf("%d, %v after %s", statusOf(response), err, took)
		}
		sent := len(next.bodies)
		if _, err := transport.RoundTrip(newRequest(t, t.Context(), "GET /")); err != nil || len(next.bodies) != sent+1 {
			t.Errorf("%v, sent %d times", err, len(next.bodies)-sent)
		}
	})
}

// TestOutage gives up on a server that stays away.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := &Transport{Next: &server{answers: []func() (*http.Response, error){status(200), failure(refused)}}}
		if _, err := transport.RoundTrip(newRequest(t, t.Context(), "GET /")); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		_, err := transport.RoundTrip(newRequest(t, t.Context(), "GET /"))
		if took := time.Since(began); !errors.Is(err, syscall.ECONNREFUSED) || took < outage || took > outage+longestPause {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// TestPauses waits as long as the server asks, and otherwise longer each time.
func TestPauses(t *testing.T) {
	for asked, least := range map[string]time.Duration{"0": 0, "7": 7 * time.Second, "3600": longestAsked} {
		response, _ := status(429, "Retry-After", asked)()
		pauses := map[time.Duration]bool{}
		for range 100 {
			got := pause(1, response)
			if got < least || got > 2*least {
				t.Fatalf("asked for %s s, %s", asked, got)
			}
			pauses[got] = true
		}
		if len(pauses) == 1 && least > 0 {
			t.Errorf("asked for %s s, all come back at the same moment", asked)
		}
	}
	for attempt, longest := range map[int]time.Duration{1: firstPause, 2: 2 * firstPause, 5: 16 * firstPause, 60: longestPause, 1000: longestPause} {
		for range 100 {
			if got := pause(attempt, nil); got < longest/2 || got > longest {
				t.Fatalf("attempt %d: %s, not up to %s", attempt, got, longest)
			}
		}
	}
}

// TestContext ends a pause.
func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		over := errors.New("over")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, over)
		defer cancel()
		transport := &Transport{Next: &server{answers: []func() (*http.Response, error){status(429, "Retry-After", "20")}}}
		began := time.Now()
		_, err := transport.RoundTrip(newRequest(t, ctx, "GET /"))
		if took := time.Since(began); !errors.Is(err, over) || took != time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// TestDeadline does not take the end of the request's own time for a fault of
// the server.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		next := &server{answers: []func() (*http.Response, error){status(200), func() (*http.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}}
		transport := &Transport{Next: next}
		for range 2 {
			if _, err := transport.RoundTrip(newRequest(t, ctx, "GET /")); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		if len(next.bodies) != 2 {
			t.Errorf("sent %d times", len(next.bodies))
		}
	})
}

// TestFreshCredentials leaves each attempt to whoever adds the credentials:
// client-go's round trippers add none where a request has some.
func TestFreshCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tokens []string
		next := roundTripper(func(request *http.Request) (*http.Response, error) {
			tokens = append(tokens, request.Header.Get("Authorization"))
			request.Header.Set("Authorization", "Bearer old")
			return status(401)()
		})
		if _, err := (&Transport{Next: next}).RoundTrip(newRequest(t, t.Context(), "GET /")); err != nil {
			t.Fatal(err)
		}
		if len(tokens) != 2 || tokens[0] != "" || tokens[1] != "" {
			t.Errorf("the requests came with %q", tokens)
		}
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return f(request) }

func newRequest(t *testing.T, ctx context.Context, line string) *http.Request {
	t.Helper()
	method, path, _ := strings.Cut(line, " ")
	request, err := http.NewRequestWithContext(ctx, method, "http://cluster"+path, bytes.NewReader([]byte("content")))
	if err != nil {
		t.Fatal(err)
	}
	if method == http.MethodPatch {
		request.Header.Set("Content-Type", "application/apply-patch+yaml")
	}
	return request
}

func statusOf(response *http.Response) int {
	if response == nil {
		return 0
	}
	return response.StatusCode
}
