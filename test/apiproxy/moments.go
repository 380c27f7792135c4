package apiproxy

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// IsWatch reports whether a request is a watch.
func IsWatch(request *http.Request) bool { return request.URL.Query().Get("watch") != "" }

// IsPatch matches the applies of objects whose path contains a text.
func IsPatch(path string) func(*http.Request) bool {
	return func(request *http.Request) bool {
		return request.Method == http.MethodPatch && strings.Contains(request.URL.Path, path)
	}
}

// Stores matches a request that stores an object, or its deletion.
func Stores(method, suffix string) func(*http.Request) bool {
	return func(request *http.Request) bool {
		return request.Method == method && strings.HasSuffix(request.URL.Path, suffix) && request.URL.Query().Get("dryRun") == ""
	}
}

// Before does something once, right before the first request that matches gets
// through.
func (p *Proxy) Before(match func(*http.Request) bool, do func()) {
	once := sync.OnceFunc(do)
	p.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if match(request) {
			once()
		}
		forward.ServeHTTP(w, request)
	}
}

// HoldPatches lets a number of patches succeed and holds all others. Dry runs
// do not count, nor does a patch that the API server refuses, as it comes
// again. The channel has each that is held as soon as that number has
// succeeded, and never before, since a patch under way may still be lost.
func (p *Proxy) HoldPatches(through int32) <-chan struct{} {
	var patches, succeeded atomic.Int32
	all, held := make(chan struct{}), make(chan struct{}, 100)
	counts := func(request *http.Request) bool { return request.Method == http.MethodPatch && !isDryRun(request) }
	p.Hold = func(request *http.Request) bool {
		if !counts(request) || patches.Add(1) <= through {
			return false
		}
		_, _ = io.Copy(io.Discard, request.Body)
		select {
		case <-all:
			held <- struct{}{}
		case <-request.Context().Done():
		}
		return true
	}
	p.Answered = func(response *http.Response) {
		switch {
		case !counts(response.Request):
		case response.StatusCode >= http.StatusMultipleChoices:
			patches.Add(-1)
		case succeeded.Add(1) == through:
			close(all)
		}
	}
	return held
}

// Execute has a request executed whose answer gets lost.
func Execute(request *http.Request, forward http.Handler) {
	forward.ServeHTTP(discard{http.Header{}}, request)
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(p []byte) (int, error) { return len(p), nil }
func (d discard) WriteHeader(int)             {}
