// Registry serves the images of a folder as a registry whose answers share a
// bandwidth:
//
//	registry -images FOLDER -listen 127.0.0.1:5000 -rate 3
//
// It answers for the names of every registry, without the host: containerd
// comes here for all of them when the hosts.toml of _default says so. Each blob
// that was asked for is a line on the standard output:
//
//	TIME METHOD REPOSITORY DIGEST STATUS BYTES SECONDS
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func main() {
	images := flag.String("images", "", "the folder of the images, an OCI layout")
	listen := flag.String("listen", "127.0.0.1:5000", "the address to listen on")
	rate := flag.Float64("rate", 0, "how many MB a second all answers share; 0 is as many as there are")
	flag.Parse()
	if err := serve(*images, *listen, *rate*1e6, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

// serve answers until there is an error. The first line it prints says where.
func serve(images, address string, rate float64, log io.Writer) error {
	known, err := open(images)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	fmt.Fprintf(log, "serving %d images on %s\n", len(known.manifests), listener.Addr())
	return http.Serve(listener, logged(handler(known, &bandwidth{rate: rate}), log))
}

// handler answers the requests of a client that pulls.
func handler(known *store, shared *bandwidth) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			refuse(w, http.StatusMethodNotAllowed, "UNSUPPORTED", "this registry is to be read only")
			return
		}
		path, versioned := strings.CutPrefix(r.URL.Path, "/v2/")
		switch {
		case !versioned:
			refuse(w, http.StatusNotFound, "NAME_UNKNOWN", "this registry answers below /v2/ only")
		case path == "":
			fmt.Fprintln(w, "{}")
		case fault(w, r, path):
		default:
			known.serve(slow{w, shared}, r, path)
		}
	})
}

// refuse answers with an error as the distribution specification has it.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, "{\"errors\":[{\"code\":%q,\"message\":%q}]}\n", code, message)
}

// logged writes a line for each blob.
func logged(next http.Handler, log io.Writer) http.Handler {
	var lines sync.Mutex
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		counted := &count{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			repository, digest, isBlob := strings.Cut(strings.TrimPrefix(r.URL.Path, "/v2/"), "/blobs/")
			if !isBlob {
				return
			}
			lines.Lock()
			defer lines.Unlock()
			fmt.Fprintf(log, "%s %s %s %s %d %d %.3f\n", began.UTC().Format("15:04:05.000"), r.Method, repository, digest, counted.status, counted.bytes, time.Since(began).Seconds())
		}()
		next.ServeHTTP(counted, r)
	})
}

// count remembers what was answered.
type count struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (c *count) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

func (c *count) Write(data []byte) (int, error) {
	n, err := c.ResponseWriter.Write(data)
	c.bytes += int64(n)
	return n, err
}
