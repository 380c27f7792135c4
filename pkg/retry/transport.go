// Package retry sends requests to an API server again where that is safe, so
// that a server that is busy, restarts or drops connections does not end an
// install.
package retry

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// attempts is how often a request is sent at least before it is given up.
	// With one answer in five lost, all of ten are lost once in ten million
	// times.
	attempts = 10
	// patience is how long an answer that may pass, such as 503, is asked for
	// at least. Attempts alone would be over before a server has started.
	patience = 30 * time.Second
	// hasty is how long a dry run asks for a webhook that does not answer.
	hasty = 2 * time.Second
	// outage bounds how long a server that has answered before may be away:
	// an API server restarts in well under a minute.
	outage = 2 * time.Minute
	// settling is how long a server that comes back may be wrong about who
	// may do what.
	settling = 15 * time.Second

	// The pauses double from the first to the longest. Each is shortened at
	// random by up to half, so that parallel requests do not come back at
	// the same moment.
	firstPause   = 50 * time.Millisecond
	longestPause = 2 * time.Second
	// longestAsked bounds the pause that a server asks for (Retry-After).
	longestAsked = 30 * time.Second
)

// Transport sends requests through Next, again where that is safe: reads,
// server-side apply, which has the same result the second time, deletions of
// one object and no other of its name (with a precondition on its UID), and
// reviews, which store nothing. All others are sent once. Watches are begun
// again, but not resumed.
//
// It is sent again for answers that may pass (429, 500, 502, 503, 504), at
// least ten times and for at least 30 s; for a server that was there and is
// away, for 2 min; and for 401 and 403, which a server gives while it starts,
// for at most 15 s after it was away. In between are pauses of 25 ms to 2 s, or
// up to 30 s if the server asks for that with Retry-After. The end of the
// request's context ends all of it.
//
// It can be used by many goroutines.
type Transport struct {
	// Next sends a request once, with its credentials: those of the first
	// attempt may have expired by the last.
	Next http.RoundTripper
	// Tell, if set, is told why a request is sent again, in a few words for
	// people and by many goroutines at once.
	Tell func(reason string)

	// answered is set once the server has answered anything: what cannot be
	// reached before that was probably never there.
	answered atomic.Bool
	// lost is when the server was last away or not ready, in nanoseconds.
	lost atomic.Int64
}

// RoundTrip sends a request until its answer is one to keep. The last answer or
// error is returned as it came, and the cause of the context's end where that
// came in a pause. Answers are read to their end before they are given, but for
// watches and logs that are followed or have no bound.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if !safe(request) {
		return t.Next.RoundTrip(request)
	}
	for tries := (tries{began: time.Now(), kubelet: ofLogs(request), trial: request.URL.Query().Has("dryRun")}); ; {
		tries.number++
		sent, err := again(request, tries.number)
		if err != nil {
			return nil, err
		}
		response, err := t.send(sent)
		if request.Context().Err() != nil {
			return response, err // it was not the server that ended it
		}
		reason, final := t.judge(response, err, &tries)
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
		wait := pause(tries.number, response)
		if response != nil {
			response.Body.Close()
		}
		if !rest(request.Context(), wait) {
			return nil, context.Cause(request.Context())
		}
	}
}

// send sends a request once and reads the whole answer, because a connection
// can break in the middle of it, unless that is to be read as it comes.
func (t *Transport) send(request *http.Request) (*http.Response, error) {
	response, err := t.Next.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	t.answered.Store(true)
	if flows(request) {
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

// flows tells requests whose answers have no end, or may be larger than the
// memory: watches, and logs that are followed or without a bound.
func flows(request *http.Request) bool {
	query := request.URL.Query()
	said := func(name string) bool { return query.Get(name) == "true" || query.Get(name) == "1" }
	if ofLogs(request) {
		return said("follow") || !query.Has("tailLines") && !query.Has("limitBytes")
	}
	return said("watch")
}

// ofLogs tells requests for the logs of a pod, which the API server passes on
// to a kubelet. What comes before in the path differs: some API servers are
// behind another one.
func ofLogs(request *http.Request) bool {
	path := strings.Split(request.URL.Path, "/")
	last := len(path) - 1
	return last >= 2 && path[last] == "log" && path[last-2] == "pods"
}

// again returns the request to send, with headers of its own, to which the
// credentials are added, and a body of its own from the second attempt on.
func again(request *http.Request, attempt int) (*http.Request, error) {
	next := request.Clone(request.Context())
	if attempt == 1 || request.GetBody == nil {
		return next, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	next.Body = body
	return next, nil
}

// pause is how long to wait after an attempt: longer each time, or as long as the
// server asks. What it refuses because there is too much of it comes back within
// twice that time, and not all at the same moment.
func pause(attempt int, response *http.Response) time.Duration {
	if response != nil {
		if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds >= 0 {
			asked := min(time.Duration(seconds)*time.Second, longestAsked)
			if response.StatusCode == http.StatusTooManyRequests {
				asked += rand.N(asked + 1)
			}
			return asked
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
