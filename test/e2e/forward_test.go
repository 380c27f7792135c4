package e2e

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// podServer is what pods of a control plane have at a port, until the test ends.
func podServer(t *testing.T, control *cluster.Cluster, port int, handler http.HandlerFunc) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(control.PodAddress, strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	server := &httptest.Server{Listener: listener, Config: &http.Server{Handler: handler}}
	server.Start()
	t.Cleanup(func() {
		server.CloseClientConnections() // some wait for them
		server.Close()
	})
}

// echo gives back what it got, and where.
func echo(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Path", request.URL.Path)
	_, _ = io.Copy(w, request.Body)
}

// wantEcho sends more than fits into any buffer, and compares what comes back.
func wantEcho(t *testing.T, url, path string) {
	t.Helper()
	sent := make([]byte, 3<<20)
	_, _ = rand.Read(sent)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Post(url, "application/octet-stream", bytes.NewReader(sent))
	if err != nil {
		t.Error(err)
		return
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil || !bytes.Equal(got, sent) || response.Header.Get("Path") != path {
		t.Errorf("of %d bytes %d came back from %q: %v", len(sent), len(got), response.Header.Get("Path"), err)
	}
}

// running is a command that goes on until it is told to end.
type running struct {
	command *exec.Cmd
	stdout  *bufio.Scanner
	stderr  *bufio.Scanner
	// said is what was read of stderr.
	said strings.Builder
}

func (u *user) start(t *testing.T, arguments ...string) *running {
	t.Helper()
	r := &running{command: u.command(t, arguments...)}
	r.stdout, r.stderr = bufio.NewScanner(pipe(t, r.command.StdoutPipe)), bufio.NewScanner(pipe(t, r.command.StderrPipe))
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	return r
}

func pipe(t *testing.T, open func() (io.ReadCloser, error)) io.Reader {
	t.Helper()
	end, err := open()
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// url gives the first line of the answer.
func (r *running) url(t *testing.T) string {
	t.Helper()
	if !r.stdout.Scan() {
		for r.stderr.Scan() {
			fmt.Fprintln(&r.said, r.stderr.Text())
		}
		t.Fatalf("it printed no URL, but\n%s", r.said.String())
	}
	return r.stdout.Text()
}

// hears waits for a line of stderr.
func (r *running) hears(t *testing.T, pattern string) {
	t.Helper()
	for r.stderr.Scan() {
		fmt.Fprintln(&r.said, r.stderr.Text())
		if regexp.MustCompile("^" + pattern + "$").MatchString(r.stderr.Text()) {
			return
		}
	}
	t.Fatalf("no line is like %s:\n%s", pattern, r.said.String())
}

// end sends a signal and gives the exit code and what was left to be said.
func (r *running) end(t *testing.T, signal os.Signal) (code int, stdout, stderr string) {
	t.Helper()
	if err := r.command.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	for r.stdout.Scan() {
		stdout += r.stdout.Text() + "\n"
	}
	for r.stderr.Scan() {
		stderr += r.stderr.Text() + "\n"
	}
	_ = r.command.Wait() // the exit code tells
	return r.command.ProcessState.ExitCode(), stdout, stderr
}

// wantEnd ends it with Ctrl-C, which is the end that is meant.
func (r *running) wantEnd(t *testing.T) {
	t.Helper()
	if code, stdout, stderr := r.end(t, syscall.SIGINT); code != 0 || stdout != "" || strings.Contains(stderr, "error") {
		t.Errorf("after Ctrl-C: exit code %d\n%s%s", code, stdout, stderr)
	}
}
