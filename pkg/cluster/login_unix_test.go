//go:build unix

package cluster

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

// TestLoginOutlastsRequest has a credential plugin wait for a person when the
// context ends: Run returns, and sends nothing when the person has logged in.
func TestLoginOutlastsRequest(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	began, person := pipe(t, "began"), pipe(t, "person")
	plugin := `echo began >"$1"; cat "$2"; echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "a"}}'; echo ended >"$1"`
	cluster, err := Connect(&rest.Config{Host: server.URL, ExecProvider: &api.ExecConfig{
		APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: api.NeverExecInteractiveMode,
		Command: "/bin/sh", Args: []string{"-c", plugin, "login", began, person},
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	ran := make(chan error, 1)
	go func() {
		_, err := cluster.Core.ConfigMaps("mesh").Get(ctx, "a", metav1.GetOptions{})
		ran <- err
	}()
	written(t, began)
	cancel(interrupted)
	select {
	case err := <-ran:
		if !errors.Is(err, interrupted) {
			t.Errorf("the error is %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("the request waits for the login")
	}
	if err := os.WriteFile(person, nil, 0o600); err != nil { // which ends cat
		t.Error(err)
	}
	written(t, began)
	if n := requests.Load(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

// pipe makes one that has a name.
func pipe(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// written waits until somebody writes to a pipe.
func written(t *testing.T, pipe string) {
	t.Helper()
	if _, err := os.ReadFile(pipe); err != nil {
		t.Error(err)
	}
}
