// Bookinfo answers as the services of Istio's samples do, one at a time: its
// argument is which.
//
// Reviews is a Java server, which takes longer to start than all of the rest
// together, so that this program is what the tests run. The others stand in
// where there is no Python, Ruby or Node.
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

// services are the handlers of each service and the port that it listens on.
var services = map[string]struct {
	address string
	paths   map[string]http.HandlerFunc
}{
	"reviews": {":9080", map[string]http.HandlerFunc{
		"/health":               health("Reviews is healthy"),
		"/reviews/{product...}": reviews,
	}},
	"ratings": {":9080", map[string]http.HandlerFunc{
		"/health":               health("Ratings is healthy"),
		"/ratings/{product...}": ratings,
	}},
	"details": {":9080", map[string]http.HandlerFunc{
		"/health":               health("Details is healthy"),
		"/details/{product...}": details,
	}},
	"productpage": {":9080", map[string]http.HandlerFunc{
		"/health":      health("Product page is healthy"),
		"/productpage": productpage,
	}},
	"helloworld": {":5000", map[string]http.HandlerFunc{
		"/health": health("Helloworld is healthy"),
		"/hello":  hello,
	}},
}

func main() {
	name := ""
	if len(os.Args) == 2 {
		name = os.Args[1]
	}
	service, known := services[name]
	if !known {
		fmt.Fprintf(os.Stderr, "bookinfo: there is no service %q\n", name)
		os.Exit(2)
	}
	mux := http.NewServeMux()
	for path, handler := range service.paths {
		mux.HandleFunc(path, handler)
	}
	fmt.Println(name, "listens on", service.address)
	fmt.Fprintln(os.Stderr, http.ListenAndServe(service.address, mux))
	os.Exit(1)
}

// health says that a service is well.
func health(status string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { answer(w, map[string]string{"status": status}) }
}

// answer writes JSON.
func answer(w http.ResponseWriter, content any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(content); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// setting returns a variable of the environment, or what it is without.
func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
