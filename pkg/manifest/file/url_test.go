package file

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// web serves a manifest, redirects and failures, and counts the requests.
type web struct {
	*httptest.Server
	requests atomic.Int32
}

// newWeb starts a server; its /away leads to elsewhere.
func newWeb(t *testing.T, encrypted bool, elsewhere string) *web {
	t.Helper()
	w := &web{}
	mux := http.NewServeMux()
	mux.HandleFunc("/a.yaml", func(out http.ResponseWriter, _ *http.Request) { io.WriteString(out, configMap("a")) })
	mux.Handle("/moved", http.RedirectHandler("/a.yaml", http.StatusFound))
	mux.Handle("/loop", http.RedirectHandler("/loop", http.StatusFound))
	mux.Handle("/away", http.RedirectHandler(elsewhere, http.StatusFound))
	w.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		w.requests.Add(1)
		mux.ServeHTTP(out, request)
	}))
	// A client that refuses a certificate is no news here.
	w.Config.ErrorLog = log.New(io.Discard, "", 0)
	if encrypted {
		w.StartTLS()
	} else {
		w.Start()
	}
	t.Cleanup(w.Close)
	return w
}

func TestDownload(t *testing.T) {
	plain := newWeb(t, false, "")
	encrypted := newWeb(t, true, plain.URL+"/a.yaml")
	for _, test := range []struct {
		name, address string
		allowHTTP     bool
	}{
		{"https", encrypted.URL + "/a.yaml", false},
		{"redirect", encrypted.URL + "/moved", false},
		{"http, allowed", plain.URL + "/a.yaml", true},
		{"redirect to http, allowed", encrypted.URL + "/away", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := encrypted.Client()
			content, err := Read(t.Context(), Options{Filenames: []string{test.address}, AllowHTTP: test.allowHTTP, Client: client})
			objects := content.Objects
			if err != nil {
				t.Fatal(err)
			}
			if len(objects) != 1 || objects[0].GetName() != "a" || objects[0].Source.File != test.address {
				t.Errorf("read %v from %s", names(objects), objects[0].Source)
			}
			if client.CheckRedirect != nil {
				t.Error("the caller's client was changed")
			}
		})
	}
}

func TestDownloadErrors(t *testing.T) {
	plain := newWeb(t, false, "")
	encrypted := newWeb(t, true, plain.URL+"/a.yaml")
	gone := newWeb(t, true, "")
	gone.Close()
	for _, test := range []struct {
		name, address string
		want          string
	}{
		{"http", plain.URL + "/a.yaml", "PLAIN/a.yaml is not encrypted; use https, or allow it with --allow-http"},
		{"redirect to http", encrypted.URL + "/away", "cannot download TLS/away: PLAIN/a.yaml is not encrypted; use https, or allow it with --allow-http"},
		{"not found", encrypted.URL + "/none.yaml", "cannot download TLS/none.yaml: the server answered 404 Not Found"},
		{"redirects without end", encrypted.URL + "/loop", "cannot download TLS/loop: stopped after 10 redirects"},
		{"no URL", "https://[::1", `https://... is not a URL: missing ']' in host`},
		{"nobody there", gone.URL, "cannot download GONE: dial tcp ADDRESS: connect: connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			content, err := Read(t.Context(), Options{Filenames: []string{test.address}, Client: encrypted.Client()})
			objects := content.Objects
			if err == nil {
				t.Fatalf("no error, but %v", names(objects))
			}
			got := strings.NewReplacer(
				plain.URL, "PLAIN",
				encrypted.URL, "TLS",
				gone.URL, "GONE",
				strings.TrimPrefix(gone.URL, "https://"), "ADDRESS",
			).Replace(err.Error())
			if got != test.want {
				t.Errorf("the error is\n%s, want\n%s", got, test.want)
			}
		})
	}
	if n := plain.requests.Load(); n != 0 {
		t.Errorf("%d requests went out unencrypted", n)
	}
}

func TestDownloadRedirects(t *testing.T) {
	encrypted := newWeb(t, true, "")
	if _, err := Bytes(t.Context(), Options{Client: encrypted.Client()}, encrypted.URL+"/loop"); err == nil {
		t.Error("redirects without end came to one")
	}
	if n := encrypted.requests.Load(); n != 10 {
		t.Errorf("%d requests were made", n)
	}
}

// TestDownloadChecksCertificates uses the client that the program has when
// nobody gives it another one.
func TestDownloadChecksCertificates(t *testing.T) {
	encrypted := newWeb(t, true, "")
	_, err := Bytes(t.Context(), Options{}, encrypted.URL+"/a.yaml")
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the error is %v", err)
	}
	if n := encrypted.requests.Load(); n != 0 {
		t.Errorf("%d requests went to a server whose certificate nobody signed", n)
	}
}

// TestDownloadEndsWithContext has a server that never answers. Its handler must
// not return: a client that is closing its connection says so before it closes
// it, and would still read, and use, an answer that came in between.
func TestDownloadEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, request *http.Request) {
		cancel()
		select {
		case <-request.Context().Done():
		case <-time.After(10 * time.Second): // the test has failed
		}
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(server.Close)
	_, err := Bytes(ctx, Options{Client: server.Client()}, server.URL)
	if want := "cannot download " + server.URL + ": context canceled"; err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}
