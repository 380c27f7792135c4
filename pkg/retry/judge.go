package retry

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// tries is what was tried to get an answer to one request.
type tries struct {
	began  time.Time
	number int
	// denied is set once the server has not accepted the credentials.
	denied bool
}

// judge tells whether an answer is final. The reason is empty where there is
// nothing wrong with it that could pass.
func (t *Transport) judge(response *http.Response, err error, tries *tries) (reason string, final bool) {
	since := time.Since(tries.began)
	tired := tries.number >= attempts && since >= patience
	switch {
	case err == nil && response.StatusCode == http.StatusUnauthorized:
		// Whoever adds the credentials takes new ones after such an answer,
		// but leaves it to us to send the request again.
		final, tries.denied = tries.denied, true
		return "the API server did not accept the credentials", final
	case err == nil && !passing(response.StatusCode):
		return "", true
	case err == nil:
		return fmt.Sprintf("the API server answered %s", response.Status), tired
	case away(err):
		return "the API server does not answer", !t.answered.Load() || since >= outage
	case broken(err):
		return "the connection to the API server broke", tired
	}
	return "", true
}

// passing are the answers of a server that is busy, or not ready, or loses
// its etcd leader ("etcdserver: leader changed" comes as 500).
func passing(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
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
