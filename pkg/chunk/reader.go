// Package chunk reads lists that come in chunks ahead of whoever decodes them:
// while one chunk is decoded, the API server already makes the next, and it is
// on its way.
package chunk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// prefix is how many bytes of a chunk are looked at for what continues it. The
// API server writes a list's metadata first, in some hundred bytes.
const prefix = 4 << 10

// Reader reads ahead what passes the transports that it wraps. When a chunk of
// a list says that there is another (limit and continue of the list options,
// KEP-365), it asks for that at once, with the same request but for the token,
// and gives the answer to whoever asks for it next. One chunk is asked for
// ahead of who reads them, and what is not wanted in the end is thrown away.
// Only lists in JSON, tables included, are read ahead; all else passes as it
// is. Where a chunk cannot be had ahead, it is asked for again when its turn
// comes, and what is answered then counts.
//
// It is for one list after the other, as kubectl's commands read them, and of
// one API server with one user. It can be used by many goroutines: lists that
// are read at the same moment are not mixed up, but only the last is read
// ahead.
type Reader struct {
	mutex sync.Mutex
	ahead *request
}

// Wrap gives a transport that sends requests through another and reads ahead.
// Its errors are those of the other, and the end of a request's context. It
// suits rest.Config's method Wrap.
func (r *Reader) Wrap(next http.RoundTripper) http.RoundTripper {
	return &transport{reader: r, next: next}
}

// Close ends what was asked for ahead and returns when it has ended. Nothing is
// to be sent afterwards.
func (r *Reader) Close() {
	if ahead := r.swap(nil); ahead != nil {
		ahead.discard()
	}
}

// swap gives what was asked for ahead, which something else replaces.
func (r *Reader) swap(by *request) *request {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	ahead := r.ahead
	r.ahead = by
	return ahead
}

// transport is one that was wrapped.
type transport struct {
	reader *Reader
	next   http.RoundTripper
}

// request is one that was sent before somebody asked for it.
type request struct {
	url    string
	cancel context.CancelFunc
	// done is closed when the answer is there.
	done     chan struct{}
	response *http.Response
	err      error
}

// RoundTrip gives the answer that was asked for ahead, if it is to this
// request, or sends it.
func (t *transport) RoundTrip(asked *http.Request) (*http.Response, error) {
	query := asked.URL.Query()
	if asked.Method != http.MethodGet || query.Get("limit") == "" || query.Get("watch") != "" {
		return t.next.RoundTrip(asked)
	}
	response, err := t.answer(asked)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	body := bufio.NewReaderSize(response.Body, prefix)
	beginning, _ := body.Peek(prefix) // an error comes again when it is read
	response.Body = &whole{body, response.Body}
	if token := continuation(beginning); token != "" {
		t.send(asked, token)
	}
	return response, nil
}

// answer gives the answer to a request.
func (t *transport) answer(asked *http.Request) (*http.Response, error) {
	ahead := t.reader.swap(nil)
	if ahead == nil {
		return t.next.RoundTrip(asked)
	}
	if ahead.url != asked.URL.String() {
		ahead.discard()
		return t.next.RoundTrip(asked)
	}
	select {
	case <-ahead.done:
	case <-asked.Context().Done():
		ahead.discard()
		return nil, context.Cause(asked.Context())
	}
	if ahead.err != nil || ahead.response.StatusCode != http.StatusOK {
		// Asked for now, it may be with credentials that are still good.
		ahead.discard()
		return t.next.RoundTrip(asked)
	}
	// From now on it is a request like any other, and ends with its context.
	stop := context.AfterFunc(asked.Context(), ahead.cancel)
	ahead.response.Request = asked
	ahead.response.Body = &lasting{ahead.response.Body, func() {
		stop()
		ahead.cancel()
	}}
	return ahead.response, nil
}

// send asks for the chunk that a token continues a list with.
func (t *transport) send(before *http.Request, token string) {
	// The context of the request before has an end, which is that of its
	// answer, and values, among them who traces it: neither is for this one.
	ctx, cancel := context.WithCancel(context.Background())
	next := before.Clone(ctx)
	next.URL = continued(before.URL, token)
	ahead := &request{url: next.URL.String(), cancel: cancel, done: make(chan struct{})}
	if replaced := t.reader.swap(ahead); replaced != nil {
		replaced.discard()
	}
	go func() {
		defer close(ahead.done)
		ahead.response, ahead.err = t.next.RoundTrip(next)
	}()
}

// discard ends a request whose answer nobody wants, and waits for its end.
func (r *request) discard() {
	r.cancel()
	<-r.done
	if r.err == nil {
		r.response.Body.Close()
	}
}

// continued gives the address of a list's next chunk, in the form in which
// client-go writes it.
func continued(list *url.URL, token string) *url.URL {
	query := list.Query()
	query.Set("continue", token)
	next := *list
	next.RawQuery = query.Encode()
	return &next
}

// continuation finds the token that continues a list in the beginning of its
// JSON. It is empty if there is none.
func continuation(beginning []byte) string {
	var metadata metav1.ListMeta
	decoder := json.NewDecoder(bytes.NewReader(beginning))
	if opening, err := decoder.Token(); err != nil || opening != json.Delim('{') {
		return ""
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return ""
		}
		if key == "metadata" {
			if decoder.Decode(&metadata) != nil {
				return ""
			}
			return metadata.Continue
		}
		var other json.RawMessage
		if decoder.Decode(&other) != nil {
			return ""
		}
	}
	return ""
}

// whole is a body of which some was looked at.
type whole struct {
	io.Reader
	io.Closer
}

// lasting is a body that needs something until it was read.
type lasting struct {
	io.ReadCloser
	end func()
}

func (l *lasting) Close() error {
	defer l.end()
	return l.ReadCloser.Close()
}
