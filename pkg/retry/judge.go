package retry

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"time"
)

// tries is what was tried to get an answer to one request.
type tries struct {
	began  time.Time
	number int
	// denied is when the answer was no for the first time.
	denied time.Time
	// kubelet is true where the API server asks one, whose faults come as 500
	// and do not pass, and trial where nothing is to be stored.
	kubelet, trial bool
}

// judge reports whether an answer is final. The reason is empty where there is
// nothing wrong with it that could pass.
func (t *Transport) judge(response *http.Response, err error, tries *tries) (reason string, final bool) {
	since := time.Since(tries.began)
	tired := tries.number >= attempts && since >= patience
	switch {
	case err == nil && denies(response.StatusCode):
		return fmt.Sprintf("the API server answered %s", response.Status), t.believe(response.StatusCode, tries)
	case err == nil && (!passing(response.StatusCode) || response.StatusCode == http.StatusInternalServerError && (tries.kubelet || unfit(response))):
		return "", true
	case err == nil && unanswered(response):
		return "an admission webhook does not answer", tired || tries.trial && since >= hasty
	case err == nil:
		if unavailable(response.StatusCode) {
			t.lost.Store(time.Now().UnixNano())
		}
		return fmt.Sprintf("the API server answered %s", response.Status), tired
	case away(err):
		t.lost.Store(time.Now().UnixNano())
		return "the API server does not answer", !t.answered.Load() || since >= outage
	case broken(err):
		t.lost.Store(time.Now().UnixNano())
		return "the connection to the API server broke", tired
	}
	return "", true
}

// passing are the answers of a server that is busy, or not ready, or loses
// its etcd leader ("etcdserver: leader changed" comes as 500).
func passing(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusInternalServerError || unavailable(status)
}

// unfit tells the answers that say 500 of a request that has to be another: an
// object that does not fit its schema, and one that etcd, or the server's client of
// it, does not take for its size. They have no reason of their own, but the words of
// apimachinery's managedfields, etcd and gRPC.
func unfit(response *http.Response) bool {
	return says(response, "failed to create typed patch object", "etcdserver: request is too large", "trying to send message larger than max")
}

// unanswered tells an answer of 500 that is about a webhook and not about the
// server. Whoever writes may wait for its pods, which a trial can do without.
func unanswered(response *http.Response) bool {
	return response.StatusCode == http.StatusInternalServerError && says(response, "failed calling webhook")
}

func says(response *http.Response, texts ...string) bool {
	body, err := io.ReadAll(response.Body)
	response.Body = io.NopCloser(bytes.NewReader(body))
	return err == nil && slices.ContainsFunc(texts, func(text string) bool { return bytes.Contains(body, []byte(text)) })
}

// unavailable are the answers of a server that does not run yet, or of a load
// balancer in front of it.
func unavailable(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// denies are the answers that say what one may not do. A server that has just
// started gives them, too: it takes requests before it has read all roles and
// accounts, and before all of its admission is ready.
func denies(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden
}

// believe reports whether a no is meant.
func (t *Transport) believe(status int, tries *tries) bool {
	first := tries.denied.IsZero()
	if first {
		tries.denied = time.Now()
	}
	if status == http.StatusUnauthorized && first {
		// Whoever adds the credentials takes new ones after such an answer,
		// but leaves it to us to send the request again.
		return false
	}
	return time.Since(time.Unix(0, t.lost.Load())) >= settling || time.Since(tries.denied) >= settling
}

// away tells errors of a server that does not run, or that nothing comes back
// from. Once it has answered, it was there, and may be there again.
func away(err error) bool {
	var network net.Error
	return errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, syscall.EHOSTUNREACH) ||
		errors.Is(err, syscall.ENETUNREACH) ||
		errors.As(err, &network) && network.Timeout()
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
