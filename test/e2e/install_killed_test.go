package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
)

// TestKilled kills the program at random moments, which nothing can be done
// about, and runs the same command again: the cluster is then what it is after
// an undisturbed install.
func TestKilled(t *testing.T) {
	t.Parallel()
	installUndisturbed(t)
	random := rand.New(rand.NewPCG(1, 1))
	for range times(t, 4, 20) {
		moment := 1 + random.IntN(undisturbed.requests)
		executed := random.IntN(2) == 0
		t.Run(fmt.Sprintf("request %d executed %t", moment, executed), func(t *testing.T) {
			t.Parallel()
			control := startCluster(t, "killed")
			killInstall(t, control.Kubeconfig, moment, executed)
			again := newUser(t, control.Kubeconfig).run(t, "kubectl", "istio-demo", "install", "--addons=none")
			if again.code != 0 {
				t.Fatalf("exit code %d\n%s", again.code, again.stderr)
			}
			t.Log(summary(again.stderr))
			wantUndisturbed(t, control)
		})
	}
}

// killInstall begins an install and kills it at a request, which is executed
// before or gets never through. Watches are never executed: they have no end.
func killInstall(t *testing.T, kubeconfig string, moment int, executed bool) {
	t.Helper()
	recorder := newRecorder(t, kubeconfig)
	var seen atomic.Int64
	reached, ended := make(chan struct{}), make(chan struct{})
	recorder.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if seen.Add(1) != int64(moment) {
			forward.ServeHTTP(w, request)
			return
		}
		if executed && !isWatch(request) {
			forward.ServeHTTP(discard{http.Header{}}, request)
		}
		close(reached)
		<-ended
	}
	// The binary itself, because kubectl would be killed in its place.
	command := newUser(t, recorder.kubeconfig).command(t, "kubectl-istio_demo", "install", "--addons=none")
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
