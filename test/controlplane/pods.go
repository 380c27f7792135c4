package controlplane

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// ServePods answers requests to a port of all simulated pods of a control plane.
func ServePods(t *testing.T, control *cluster.Cluster, port int, handler http.HandlerFunc) {
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

// Echo gives back what it got, and where.
func Echo(w http.ResponseWriter, request *http.Request) {
	w.Header().Set("Path", request.URL.Path)
	_, _ = io.Copy(w, request.Body)
}

// WantEcho sends more than fits into any buffer, and compares what comes back.
func WantEcho(t *testing.T, url, path string) {
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

// CrashPod has a pod of a Deployment be one whose container crashes.
func CrashPod(t *testing.T, u *user.User, namespace, deployment, container, pod, message string) {
	t.Helper()
	status := fmt.Sprintf(`{"status":{
		"conditions": [{"type": "Ready", "status": "False"}, {"type": "ContainersReady", "status": "False"}],
		"containerStatuses": [{"name": %q, "image": "x", "imageID": "x", "ready": false, "restartCount": 3,
			"state": {"waiting": {"reason": "CrashLoopBackOff", "message": %s}},
			"lastState": {"terminated": {"exitCode": 1, "reason": "Error"}}}]}}`, container, fixture.Quote(message))
	u.Must(t, "kubectl", "patch", pod, "-n", namespace, "--subresource=status", "-p", status)
	u.Must(t, "kubectl", "wait", "deployment/"+deployment, "-n", namespace, "--for=condition=Available=false", "--timeout=30s")
}
