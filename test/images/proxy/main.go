// Proxy plays the agent and the proxy where there is no Envoy: it is ready, and
// passes nothing on. As istio-init it changes nothing, so that requests get to
// the application without a sidecar.
package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) < 2 || os.Args[1] != "proxy" {
		return
	}
	fmt.Println("This proxy is played: it is ready, and passes nothing on.")
	// The kubelet asks for the proxy's readiness on one port, and for the
	// application's on the other.
	failed := make(chan error)
	for _, address := range []string{":15020", ":15021"} {
		go func() {
			failed <- http.ListenAndServe(address, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		}()
	}
	fmt.Fprintln(os.Stderr, <-failed)
	os.Exit(1)
}
