package cmd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"
)

// TestListsAreReadAhead asks for one chunk, as kubectl's machinery would, and
// sees the next asked for.
func TestListsAreReadAhead(t *testing.T) {
	asked := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		asked <- request.URL.Query().Get("continue")
		fmt.Fprint(w, `{"metadata":{"continue":"more"}}`)
	}))
	defer server.Close()
	t.Setenv("KUBECONFIG", t.TempDir()+"/none")
	cluster := newConnection(genericiooptions.NewTestIOStreamsDiscard())
	cluster.APIServer = &server.URL
	getter := &listGetter{coreGetter: coreGetter{cluster}}
	defer getter.lists.Close()
	config, err := getter.ToRESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	response, err := client.Get(server.URL + "/api/v1/pods?limit=500")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	for _, want := range []string{"", "more"} {
		select {
		case token := <-asked:
			if token != want {
				t.Errorf("%q was asked for, not %q", token, want)
			}
		case <-time.After(30 * time.Second):
			t.Fatalf("%q was not asked for", want)
		}
	}
}
