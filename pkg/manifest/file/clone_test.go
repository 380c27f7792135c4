package file

import (
	"context"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestCloneHoldsToTransports has git's own configuration and a redirect lead to
// transports that are not allowed.
func TestCloneHoldsToTransports(t *testing.T) {
	root, plain := repositories(t)
	encrypted := newHost(t, root, true)
	away := httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		http.Redirect(out, request, plain.URL+request.URL.String(), http.StatusFound)
	}))
	away.Config.ErrorLog = log.New(io.Discard, "", 0)
	away.StartTLS()
	t.Cleanup(away.Close)
	t.Setenv("GIT_SSL_NO_VERIFY", "1")
	t.Setenv("GIT_ALLOW_PROTOCOL", "file:http:https")
	for _, test := range []struct{ name, address, instead, want string }{
		{"encrypted", encrypted.URL, "", ""},
		{"redirect", away.URL, "", `Protocol "http" not supported`},
		{"file instead", encrypted.URL, "file://" + root, "transport 'file' not allowed"},
		{"http instead", encrypted.URL, plain.URL, "transport 'http' not allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.instead != "" {
				t.Setenv("GIT_CONFIG_COUNT", "1")
				t.Setenv("GIT_CONFIG_KEY_0", "url."+test.instead+".insteadOf")
				t.Setenv("GIT_CONFIG_VALUE_0", test.address)
			}
			_, err := build(t, "components: ["+test.address+"/org/repo]\nresources: []\n", Options{})
			if test.want == "" {
				test.want = "expected kind 'Component'"
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v, want %s", err, test.want)
			}
		})
	}
}

// TestKustomizeEndsWithContext has servers that never answer git and a download.
func TestKustomizeEndsWithContext(t *testing.T) {
	for _, kustomization := range []string{"components: [SERVER/org/repo]\n", "resources: [SERVER/org/repo]\n", "crds: [SERVER/a.yaml]\n"} {
		stopped := errors.New("stopped")
		ctx, cancel := context.WithCancelCause(t.Context())
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
			cancel(stopped)
			select {
			case <-request.Context().Done():
			case <-time.After(10 * time.Second): // the test has failed
			}
		}))
		dir := folder(t, map[string]string{"kustomization.yaml": strings.ReplaceAll(kustomization, "SERVER", server.URL)})
		_, err := Read(ctx, Options{Kustomize: dir, AllowHTTP: true})
		server.Close() // and so nothing of git is left that holds a connection
		if want := "cannot build the kustomization in " + dir + ": stopped"; err == nil || err.Error() != want || !errors.Is(err, stopped) {
			t.Errorf("the error is %v, want %s", err, want)
		}
	}
}

// TestCloneTimeout has a server that never answers, and a limit of the URL's.
func TestCloneTimeout(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }))
	t.Cleanup(server.Close)
	_, err := build(t, "components: [\""+server.URL+"/org/repo?timeout=200ms\"]\n", Options{AllowHTTP: true})
	if err == nil || !strings.Contains(err.Error(), "git timed out after 200ms; raise the limit with ?timeout=") {
		t.Errorf("the error is %v", err)
	}
}
