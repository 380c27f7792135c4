package chunk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// patience bounds how long a test waits for what is to come at once.
const patience = 30 * time.Second

// lists serves a list in chunks, whose tokens are their numbers, and tells of
// each request as it comes.
type lists struct {
	chunks int
	asked  chan string
	// hold, if set, keeps all chunks but the first until the request ends,
	// which gone tells of.
	hold bool
	gone chan struct{}
	// refuse, if set, tells whose requests are answered with 401.
	refuse func(*http.Request) bool
	// filler makes answers as long as those of a real list.
	filler string
}

func (l *lists) ServeHTTP(w http.ResponseWriter, asked *http.Request) {
	l.asked <- asked.URL.RequestURI()
	if l.refuse != nil && l.refuse(asked) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	number := 0
	if token := asked.URL.Query().Get("continue"); token != "" {
		if _, err := fmt.Sscanf(token, "chunk %d", &number); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if l.hold {
			<-asked.Context().Done()
			l.gone <- struct{}{}
			return
		}
	}
	token := ""
	if number+1 < l.chunks {
		token = fmt.Sprintf("chunk %d", number+1)
	}
	fmt.Fprintf(w, `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"7","continue":%q},"rows":[%d],"filler":%q}`, token, number, l.filler)
}

// counted counts the requests that are sent.
type counted struct{ sent atomic.Int32 }

func (c *counted) RoundTrip(request *http.Request) (*http.Response, error) {
	c.sent.Add(1)
	return http.DefaultTransport.RoundTrip(request)
}

func serve(t *testing.T, served *lists) (*http.Client, *Reader, *counted, string) {
	t.Helper()
	served.asked = make(chan string, 20)
	server := httptest.NewServer(served)
	reader, sent := &Reader{}, &counted{}
	t.Cleanup(func() {
		reader.Close()
		server.Close()
	})
	return &http.Client{Transport: reader.Wrap(sent)}, reader, sent, server.URL
}

// next gives the request that comes next.
func next(t *testing.T, served *lists) string {
	t.Helper()
	select {
	case uri := <-served.asked:
		return uri
	case <-time.After(patience):
		t.Fatal("no request came")
		return ""
	}
}

// wantGone waits until a request that was held has ended.
func wantGone(t *testing.T, served *lists) {
	t.Helper()
	select {
	case <-served.gone:
	case <-time.After(patience):
		t.Error("what nobody wants is still asked for")
	}
}

func get(t *testing.T, client *http.Client, address string) *http.Response {
	t.Helper()
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	return response
}

func read(t *testing.T, response *http.Response) string {
	t.Helper()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// TestAhead reads a list: each chunk is asked for before the one ahead of it
// was read, once, and comes whole. The client has a time limit, which ends
// the context of every request when its answer was read.
func TestAhead(t *testing.T) {
	served := &lists{chunks: 3, filler: strings.Repeat("x", 3*prefix)}
	client, _, _, server := serve(t, served)
	client.Timeout = patience
	uris := []string{"/pods?limit=500", "/pods?continue=chunk+1&limit=500", "/pods?continue=chunk+2&limit=500"}
	for number, uri := range uris {
		response := get(t, client, server+uri)
		if number == 0 {
			if came := next(t, served); came != uri {
				t.Fatalf("%s came", came)
			}
		}
		if number+1 < len(uris) {
			if came := next(t, served); came != uris[number+1] {
				t.Fatalf("after %s came %s", uri, came)
			}
		}
		want := fmt.Sprintf(`"rows":[%d],"filler":"%s"}`, number, served.filler)
		if content := read(t, response); !strings.HasSuffix(content, want) || !strings.HasPrefix(content, `{"kind":"Table"`) {
			t.Errorf("%s answers %.200s", uri, content)
		}
		if response.Request.URL.RequestURI() != uri {
			t.Errorf("the answer is to %s", response.Request.URL)
		}
	}
	if len(served.asked) > 0 {
		t.Errorf("%s came, too", <-served.asked)
	}
}

// TestNotAhead asks for nothing that nobody may want.
func TestNotAhead(t *testing.T) {
	served := &lists{chunks: 2}
	client, reader, requests, server := serve(t, served)
	read(t, get(t, client, server+"/pods"))
	read(t, get(t, client, server+"/pods?limit=500&watch=true"))
	for _, method := range []string{http.MethodPost, http.MethodDelete} {
		request, err := http.NewRequestWithContext(t.Context(), method, server+"/pods?limit=500", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		read(t, response)
	}
	response := get(t, client, server+"/pods?limit=500&continue=nonsense")
	if read(t, response); response.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", response.StatusCode)
	}
	reader.Close() // returns when all have been sent
	if sent := requests.sent.Load(); sent != 5 {
		t.Errorf("%d requests were sent", sent)
	}
}

// TestThrownAway begins another list when a chunk of the first is on its way.
func TestThrownAway(t *testing.T) {
	served := &lists{chunks: 2, hold: true, gone: make(chan struct{}, 2)}
	client, _, _, server := serve(t, served)
	read(t, get(t, client, server+"/pods?limit=500"))
	next(t, served)
	next(t, served)
	// It is without a token, and so not held.
	if content := read(t, get(t, client, server+"/services?limit=1")); !strings.Contains(content, `"rows":[0]`) {
		t.Errorf("it answers %s", content)
	}
	wantGone(t, served)
}

// TestGivenUp ends a request for a chunk that is on its way already.
func TestGivenUp(t *testing.T) {
	served := &lists{chunks: 2, hold: true, gone: make(chan struct{}, 2)}
	client, _, _, server := serve(t, served)
	read(t, get(t, client, server+"/pods?limit=500"))
	next(t, served)
	uri := next(t, served)
	ctx, cancel := context.WithCancelCause(t.Context())
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, server+uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	given := errors.New("given up")
	cancel(given)
	response, err := client.Do(request)
	if err == nil {
		response.Body.Close()
	}
	if !errors.Is(err, given) {
		t.Errorf("it says %v", err)
	}
	wantGone(t, served)
}

// TestRefusedAhead has credentials end between two chunks: what is answered to
// whoever asks counts, and not what was answered ahead.
func TestRefusedAhead(t *testing.T) {
	served := &lists{chunks: 2}
	refused := make(chan struct{}, 1)
	served.refuse = func(asked *http.Request) bool {
		is := asked.Header.Get("Authorization") == "old" && asked.URL.Query().Get("continue") != ""
		if is {
			refused <- struct{}{}
		}
		return is
	}
	client, _, _, server := serve(t, served)
	for number, list := range []struct{ uri, token string }{{"/pods?limit=500", "old"}, {"/pods?continue=chunk+1&limit=500", "new"}} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server+list.uri, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", list.token)
		response, err := client.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if content := read(t, response); !strings.Contains(content, fmt.Sprintf(`"rows":[%d]`, number)) {
			t.Errorf("%s answers %s", list.uri, content)
		}
		if number == 0 {
			select {
			case <-refused:
			case <-time.After(patience):
				t.Fatal("it was not asked for ahead")
			}
		}
	}
}

func TestContinuation(t *testing.T) {
	for beginning, want := range map[string]string{
		`{"kind":"PodList","metadata":{"continue":"abc"},"items":[{"metadata":{"continue":"wrong"`: "abc",
		`{"metadata":{"continue":"abc"`:   "",
		`{"items":[{"metadata":{"contin`:  "",
		`{"metadata":"text"}`:             "",
		`{"kind":"Status"}`:               "",
		`[{"metadata":{"continue":"a"}}]`: "",
		"k8s\x00\n\x0c":                   "",
		"":                                "",
	} {
		if found := continuation([]byte(beginning)); found != want {
			t.Errorf("%q continues with %q", beginning, found)
		}
	}
}
