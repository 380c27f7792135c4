// Page plays an addon, by the name that it is called by: it is healthy, and its
// page says that it is played.
package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// addons are what is played.
var addons = map[string]struct {
	title, address, health, answer string
	// metrics is another address, where Prometheus asks.
	metrics string
}{
	"grafana": {title: "Grafana", address: ":3000", health: "/api/health", answer: `{"database":"ok"}`},
	"kiali":   {title: "Kiali", address: ":20001", health: "/kiali/healthz", answer: "", metrics: ":9090"},
}

func main() {
	addon, known := addons[filepath.Base(os.Args[0])]
	if !known {
		fmt.Fprintln(os.Stderr, "page: nothing of this name is played:", os.Args[0])
		os.Exit(2)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!DOCTYPE html>\n<title>%[1]s (played)</title>\n<p>This %[1]s is played: the tests have a page in its place.</p>\n", addon.title)
	})
	http.HandleFunc(addon.health, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, addon.answer) })
	fmt.Printf("This %s is played. It listens on %s.\n", addon.title, addon.address)
	failed := make(chan error)
	go func() { failed <- http.ListenAndServe(addon.address, nil) }()
	if addon.metrics != "" {
		go func() {
			failed <- http.ListenAndServe(addon.metrics, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		}()
	}
	fmt.Fprintln(os.Stderr, <-failed)
	os.Exit(1)
}
