// Package apiproxy stands between a client and an API server: it records
// requests, holds them back, answers in the server's place, and fails like a
// network does.
package apiproxy

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// Proxy passes requests on to an API server and records them. Its functions are
// set before the first request.
type Proxy struct {
	// Kubeconfig leads to the API server through the proxy.
	Kubeconfig string
	// Hold, if set, reports whether a request never gets through.
	Hold func(*http.Request) bool
	// Intercept, if set, answers in the API server's place, or has it forwarded.
	Intercept func(w http.ResponseWriter, request *http.Request, forward http.Handler)
	// Answered, if set, sees what the API server answers.
	Answered func(*http.Response)

	server   *httptest.Server
	mutex    sync.Mutex
	requests []string
	writes   []string
}

// New opens a proxy that is closed when the test ends.
func New(t *testing.T, kubeconfig string) *Proxy {
	t.Helper()
	p, err := Open(kubeconfig, filepath.Join(t.TempDir(), "kubeconfig"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Open opens a proxy to the API server of one kubeconfig, and writes another one
// that leads to the proxy.
func Open(to, kubeconfig string) (*Proxy, error) {
	config, err := cluster.RESTConfig(to)
	if err != nil {
		return nil, err
	}
	target, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	p := &Proxy{Kubeconfig: kubeconfig}
	forward := httputil.NewSingleHostReverseProxy(target)
	if forward.Transport, err = newTransport(config); err != nil {
		return nil, err
	}
	forward.FlushInterval = -1 // watches are passed on as they come
	forward.ModifyResponse = func(response *http.Response) error {
		if p.Answered != nil {
			p.Answered(response)
		}
		return nil
	}
	forward.ErrorLog = log.New(io.Discard, "", 0) // a broken connection is no news here
	// Where the API server gives no answer, the proxy gives none, either.
	forward.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	p.server = httptest.NewServer(p.handler(forward))
	return p, clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{"recorded": {Server: p.server.URL}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{"recorded": {}},
		Contexts:       map[string]*clientcmdapi.Context{"recorded": {Cluster: "recorded", AuthInfo: "recorded"}},
		CurrentContext: "recorded",
	}, kubeconfig)
}

// Close ends the proxy.
func (p *Proxy) Close() { p.server.Close() }

func (p *Proxy) handler(forward http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		p.record(request)
		switch {
		case p.Hold != nil && p.Hold(request):
			// Only when the body is read does the server notice that the
			// client has gone.
			_, _ = io.Copy(io.Discard, request.Body)
			<-request.Context().Done()
		case p.Intercept != nil:
			p.Intercept(w, request, forward)
		default:
			forward.ServeHTTP(w, request)
		}
	})
}

// transport sends requests that upgrade to another protocol by HTTP/1.1, as
// HTTP/2 has no upgrades.
type transport struct{ usual, upgrades http.RoundTripper }

func newTransport(config *rest.Config) (*transport, error) {
	usual, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	config = rest.CopyConfig(config)
	config.NextProtos = []string{"http/1.1"}
	upgrades, err := rest.TransportFor(config)
	return &transport{usual, upgrades}, err
}

func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.Header.Get("Upgrade") != "" {
		return t.upgrades.RoundTrip(request)
	}
	return t.usual.RoundTrip(request)
}

func (p *Proxy) record(request *http.Request) {
	dryRun := isDryRun(request) || deletesDry(request)
	p.mutex.Lock()
	defer p.mutex.Unlock()
	line := request.Method + " " + request.URL.RequestURI()
	p.requests = append(p.requests, line)
	asks := strings.Contains(request.URL.Path, "/selfsubject")
	if request.Method != http.MethodGet && !asks && !dryRun {
		p.writes = append(p.writes, line)
	}
}

func isDryRun(request *http.Request) bool {
	return request.URL.Query().Get("dryRun") == metav1.DryRunAll
}

// deletesDry reports whether a deletion is a dry run, which its body says.
func deletesDry(request *http.Request) bool {
	if request.Method != http.MethodDelete {
		return false
	}
	body, err := io.ReadAll(request.Body)
	request.Body = io.NopCloser(bytes.NewReader(body))
	var options metav1.DeleteOptions
	return err == nil && json.Unmarshal(body, &options) == nil && slices.Contains(options.DryRun, metav1.DryRunAll)
}

// Drain gives the requests since the last call, and those of them that could
// have changed the cluster.
func (p *Proxy) Drain() (requests, writes []string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	requests, writes = p.requests, p.writes
	p.requests, p.writes = nil, nil
	return requests, writes
}

// WantNoWrites fails the test if a request since the last call of Drain could
// have changed the cluster.
func (p *Proxy) WantNoWrites(t *testing.T) {
	t.Helper()
	if _, writes := p.Drain(); len(writes) > 0 {
		t.Errorf("something was written: %v", writes)
	}
}
