// Package retry sends requests to an API server again where that is safe, so
// that a server that is busy, restarts or drops connections does not end an
// install.
package retry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// attempts bounds how often an answer that may pass, such as 503, is
	// asked for. With one answer in five lost, all of ten are lost once in
	// ten million times.
	attempts = 10
	// outage bounds how long a server that has answered before may be away:
	// an API server restarts in well under a minute.
	outage = 2 * time.Minute

	// The pauses double from the first to the longest. Each is shortened at
	// random by up to half, so that parallel requests do not come back at
	// the same moment.
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
	// longestAsked bounds the pause that a server asks for (Retry-After).
	longestAsked = 30 * time.Second
)

// Transport sends requests through Next, again where that is safe: reads,
// server-side apply, which has the same result the second time, and reviews,
// which store nothing. Watches are begun again, but not resumed. It can be
// used by many goroutines.
type Transport struct {
	Next http.RoundTripper
	// Tell, if set, is told why a request is sent again.
	Tell func(reason string)

	// answered is set once the server has answered anything: what cannot be
	// reached before that was probably never there.
	answered atomic.Bool
}

// RoundTrip sends a request until its answer is one to keep. The last answer
// or error is returned as it came.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !safe(request) {
		return t.Next.RoundTrip(request)
	}
	began := time.Now()
	for attempt := 1; ; attempt++ {
		sent, err := again(request, attempt)
		if err != nil {
			return nil, err
		}
		response, err := t.send(sent)
		reason, final := t.judge(response, err, attempt, time.Since(began))
		if final {
			if reason != "" && response != nil {
				// client-go would begin all of this again.
				response.Header.Del("Retry-After")
			}
			return response, err
		}
		if t.Tell != nil {
			t.Tell(reason)
		}
		wait := pause(attempt, response)
		if response != nil {
			response.Body.Close()
		}
		if !rest(request.Context(), wait) {
			return nil, context.Cause(request.Context())
		}
	}
}

// send sends a request once and reads the whole answer, because a connection
// can break in the middle of it. Only a watch's answer has no end.
func (t *Transport) send(request *http.Request) (*http.Response, error) {
	response, err := t.Next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	t.answered.Store(true)
	if watch := request.URL.Query().Get("watch"); watch == "true" || watch == "1" {
		return response, nil
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// judge tells whether an answer is final. The reason is empty where there is
// nothing wrong with it that could pass.
func (t *Transport) judge(response *http.Response, err error, attempt int, since time.Duration) (reason string, final bool) {
	switch {
	case err == nil && !passing(response.StatusCode):
		return "", true
	case err == nil:
		return fmt.Sprintf("the API server answered %s", response.Status), attempt >= attempts
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return "", true
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the API server does not answer", !t.answered.Load() || since >= outage
	case broken(err):
		return "the connection to the API server broke", attempt >= attempts
	}
	return "", true
}

// passing are the answers of a server that is busy, or not ready, or loses
// its etcd leader.
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// broken tells errors of a connection that was there from those of one that
// cannot be made, such as a name that nobody knows or a certificate that
// nobody signed.
func broken(err error) bool {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return true
	}
	// net/http and its HTTP/2 have no types for these.
	for _, text := range []string{
		"server closed idle connection",
		"http2: server sent GOAWAY",
		"http2: client connection lost",
		"http2: Transport received Server's graceful shutdown GOAWAY",
		"stream error: stream ID",
		"use of closed network connection",
	} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}

// safe tells whether sending a request twice does no more than sending it
// once, and whether it can be sent twice at all.
func safe(request *http.Request) bool {
	if request.Body != nil && request.Body != http.NoBody && request.GetBody == nil {
		return false
	}
	switch request.Method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPatch:
		return strings.HasPrefix(request.Header.Get("Content-Type"), "application/apply-patch")
	case http.MethodPost:
		return strings.HasPrefix(request.URL.Path, "/apis/authorization.k8s.io/")
	}
	return false
}

// again gives the request to send, with a body of its own from the second
// attempt on.
func again(request *http.Request, attempt int) (*http.Request, error) {
	if attempt == 1 || request.GetBody == nil {
		return request, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	next := request.Clone(request.Context())
	next.Body = body
	return next, nil
}

// pause is how long to wait after an attempt: as long as the server asks, or
// longer each time.
func pause(attempt int, response *http.Response) time.Duration {
	if response != nil {
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			return min(time.Duration(seconds)*time.Second, longestAsked)
		}
	}
	const doublings = 10 // more would pass the longest, and in the end overflow
	longest := min(firstPause<<min(attempt-1, doublings), longestPause)
	return longest/2 + rand.N(longest/2)
}

// rest waits; it is false if the context ended before.
func rest(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
