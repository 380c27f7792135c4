package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// recorder stands between a user and the API server, passes everything on and
// writes down what passes.
type recorder struct {
	// kubeconfig leads to the API server through the recorder.
	kubeconfig string
	// hold, if set, is asked for each request whether it never gets through.
	hold func(*http.Request) bool
	// spoil, if set, answers in the API server's place, or has it forwarded.
	spoil func(w http.ResponseWriter, request *http.Request, forward http.Handler)
	// answered, if set, is told what the API server answers.
	answered func(*http.Response)

	mutex    sync.Mutex
	requests []string
	writes   []string
}

func newRecorder(t *testing.T, kubeconfig string) *recorder {
	t.Helper()
	config := restConfig(t, kubeconfig)
	target, err := url.Parse(config.Host)
	if err != nil {
		t.Fatal(err)
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = upgrading{usual: transport, upgrades: http1Transport(t, config)}
	proxy.FlushInterval = -1
	proxy.ModifyResponse = func(response *http.Response) error {
		if r.answered != nil {
			r.answered(response)
		}
		return nil
	}
	proxy.ErrorLog = log.New(io.Discard, "", 0) // a broken connection is no news here
	// Where the API server gives no answer, the recorder gives none, either.
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.record(request)
		if r.hold != nil && r.hold(request) {
			// Only when the body is read does the server notice that the
			// client has gone.
			_, _ = io.Copy(io.Discard, request.Body)
			<-request.Context().Done()
			return
		}
		if r.spoil != nil {
			r.spoil(w, request, proxy)
			return
		}
		proxy.ServeHTTP(w, request)
	}))
	t.Cleanup(server.Close)
	r.kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: recorded, cluster: {server: %q}}]
users: [{name: recorded, user: {}}]
contexts: [{name: recorded, context: {cluster: recorded, user: recorded}}]
current-context: recorded
`, server.URL)
	if err := os.WriteFile(r.kubeconfig, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

// upgrading sends requests that stop to be HTTP by HTTP/1.1, as HTTP/2 has no
// upgrades.
type upgrading struct{ usual, upgrades http.RoundTripper }

func (u upgrading) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Header.Get("Upgrade") != "" {
		return u.upgrades.RoundTrip(request)
	}
	return u.usual.RoundTrip(request)
}

func http1Transport(t *testing.T, config *rest.Config) http.RoundTripper {
	t.Helper()
	config = rest.CopyConfig(config)
	config.NextProtos = []string{"http/1.1"}
	transport, err := rest.TransportFor(config)
	if err != nil {
		t.Fatal(err)
	}
	return transport
}

func (r *recorder) record(request *http.Request) {
	dryRun := request.URL.Query().Get("dryRun") == "All" || deletesDry(request)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	line := request.Method + " " + request.URL.RequestURI()
	r.requests = append(r.requests, line)
	asks := strings.Contains(request.URL.Path, "/selfsubject")
	if request.Method != http.MethodGet && !asks && !dryRun {
		r.writes = append(r.writes, line)
	}
}

// deletesDry tells whether a deletion is a dry run, which its body says.
func deletesDry(request *http.Request) bool {
	if request.Method != http.MethodDelete {
		return false
	}
	body, err := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	var options metav1.DeleteOptions
	return err == nil && json.Unmarshal(body, &options) == nil && slices.Contains(options.DryRun, metav1.DryRunAll)
}

// take gives what was recorded since the last time, and which of it could
// have changed the cluster.
func (r *recorder) take() (requests, writes []string) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	requests, writes = r.requests, r.writes
	r.requests, r.writes = nil, nil
	return requests, writes
}

// wantNoWrites fails the test if anything since the last time could have
// changed the cluster.
func (r *recorder) wantNoWrites(t *testing.T) {
	t.Helper()
	if _, writes := r.take(); len(writes) > 0 {
		t.Errorf("something was written: %v", writes)
	}
}

// holdPatches lets a number of patches succeed and holds all others, those of
// a dry run aside: one that the API server refuses, and that so comes again,
// does not count. The channel tells of each that is held as soon as that
// number has succeeded, and never before, since a patch under way may still be
// lost.
func (r *recorder) holdPatches(through int32) <-chan struct{} {
	var patches, succeeded atomic.Int32
	all, held := make(chan struct{}), make(chan struct{}, 100)
	counts := func(request *http.Request) bool {
		return request.Method == http.MethodPatch && request.URL.Query().Get("dryRun") != "All"
	}
	r.hold = func(request *http.Request) bool {
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
	r.answered = func(response *http.Response) {
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

func restConfig(t *testing.T, kubeconfig string) *rest.Config {
	t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	// Files would be read again for as long as this process lives, also when
	// the control plane and its files are gone.
	if err := rest.LoadTLSFiles(config); err != nil {
		t.Fatal(err)
	}
	config.CAFile, config.CertFile, config.KeyFile = "", "", ""
	return config
}
