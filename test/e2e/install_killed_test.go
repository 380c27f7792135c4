package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/reference"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/soak"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestInstallKilled kills the program at random moments, which nothing can be done
// about, and runs the same command again: the cluster is then what it is after
// an undisturbed install.
func TestInstallKilled(t *testing.T) {
	t.Parallel()
	undisturbed := reference.Install(t)
	random := rand.New(rand.NewPCG(1, 1))
	for range soak.Times(t, 4, 20) {
		moment := 1 + random.IntN(undisturbed.Requests)
		executed := random.IntN(2) == 0
		t.Run(fmt.Sprintf("request %d executed %t", moment, executed), func(t *testing.T) {
			t.Parallel()
			control := controlplane.Start(t, "killed")
			killInstall(t, control.Kubeconfig, moment, executed)
			again := user.New(t, control.Kubeconfig).Run(t, "kubectl", "istio-demo", "install", "--addons=none")
			if again.Code != 0 {
				t.Fatalf("exit code %d\n%s", again.Code, again.Stderr)
			}
			t.Log(again.Summary())
			undisturbed.WantSame(t, control)
		})
	}
}

// killInstall begins an install and kills it at a request, which is executed
// before or gets never through. Watches are never executed: they have no end.
func killInstall(t *testing.T, kubeconfig string, moment int, executed bool) {
	t.Helper()
	recorder := apiproxy.New(t, kubeconfig)
	var seen atomic.Int64
	reached, ended := make(chan struct{}), make(chan struct{})
	recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if seen.Add(1) != int64(moment) {
			forward.ServeHTTP(w, request)
			return
		}
		if executed && !apiproxy.IsWatch(request) {
			apiproxy.Execute(request, forward)
		}
		close(reached)
		<-ended
	}
	// The binary itself, because kubectl would be killed in its place.
	command := user.New(t, recorder.Kubeconfig).Command(t, "kubectl-istio_demo", "install", "--addons=none")
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(ended)
		_ = command.Wait() // killed, or ended before it came to that request
	}()
	select {
	case <-reached:
		if err := command.Process.Kill(); err != nil {
			t.Error(err)
		}
		<-ended
	case <-ended:
		t.Logf("the install ended before request %d", moment)
	}
}
