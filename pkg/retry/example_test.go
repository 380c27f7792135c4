package retry_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/retry"
)

// Any client of an API server becomes patient with it. For a rest.Config, its
// method Wrap takes a function that makes such a transport.
func ExampleTransport() {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable) // it has just started
			return
		}
		fmt.Fprint(w, "ok")
	}))
	defer server.Close()

	client := &http.Client{Transport: &retry.Transport{
		Next: http.DefaultTransport,
		Tell: func(reason string) { fmt.Println("asking again:", reason) },
	}}
	response, err := client.Get(server.URL + "/livez")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
	// Output:
	// asking again: the API server answered 503 Service Unavailable
	// ok <nil>
}
