package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

const definitions = "/customresourcedefinitions/"

// TestRestartedServer kills the API server in the middle of each wave and of
// the wait, and starts it again: the install does not mind.
func TestRestartedServer(t *testing.T) {
	t.Parallel()
	installUndisturbed(t)
	for _, moment := range []struct {
		wave string
		// The request of this kind with this number, from 1 on, finds no
		// server: the second where the wave is to be stored in part.
		is     func(*http.Request) bool
		number int32
	}{
		{"definitions", isPatch(definitions), 2},
		{"accounts", isPatch("/clusterroles/"), 2},
		{"configuration", isPatch("/services/"), 2},
		{"workloads", isPatch("/deployments/"), 2},
		{"admission", isPatch("webhookconfigurations/"), 2},
		{"wait", isDeploymentWatch, 1},
	} {
		t.Run(moment.wave, func(t *testing.T) {
			t.Parallel()
			control := startCluster(t, "restarted")
			recorder := newRecorder(t, control.Kubeconfig)
			var seen atomic.Int32
			recorder.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
				if moment.is(request) && seen.Add(1) == moment.number {
					restart(t, control)
				}
				forward.ServeHTTP(w, request)
			}
			// Somebody who may do everything by roles, which a server that has
			// just started has not read yet, and not by being its master.
			admin := newUser(t, control.Kubeconfig)
			admin.must(t, "kubectl", "create", "clusterrolebinding", "installer", "--clusterrole=cluster-admin", "--user=installer")
			got := newUser(t, recorder.kubeconfig).run(t, "kubectl", "istio-demo", "install", "--addons=none", "--as", "installer")
			if got.code != 0 || !strings.Contains(got.stderr, "; trying again") {
				// Where it is the cluster that does not go on, this tells it.
				there := admin.run(t, "kubectl", "get", "deployments,replicasets,pods,events", "-n", "istio-system")
				t.Fatalf("exit code %d\n%s\n%s%s", got.code, got.stderr, there.stdout, there.stderr)
			}
			t.Log(summary(got.stderr))
			admin.must(t, "kubectl", "delete", "clusterrolebinding", "installer")
			wantUndisturbed(t, control)
		})
	}
}

// isPatch tells the applies of objects in whose path there is some text.
func isPatch(path string) func(*http.Request) bool {
	return func(request *http.Request) bool {
		return request.Method == http.MethodPatch && strings.Contains(request.URL.Path, path)
	}
}

func isDeploymentWatch(request *http.Request) bool {
	return isWatch(request) && strings.HasSuffix(request.URL.Path, "/deployments")
}

// TestForgottenDefinitions kills the API server when it has stored the CRDs
// and not yet established all of them. When it runs again, it does not look at
// those that it finds. It cannot be told when it forgets some; they are logged.
func TestForgottenDefinitions(t *testing.T) {
	t.Parallel()
	installUndisturbed(t)
	stored := int32(0)
	for key := range undisturbed.added {
		if strings.HasPrefix(key, "CustomResourceDefinition.") {
			stored++
		}
	}
	for n := range times(t, 2, 10) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			control := startCluster(t, "forgotten")
			recorder := newRecorder(t, control.Kubeconfig)
			var patches atomic.Int32
			recorder.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
				forward.ServeHTTP(w, request)
				if isPatch(definitions)(request) && patches.Add(1) == stored {
					restart(t, control)
				}
			}
			got := newUser(t, recorder.kubeconfig).run(t, "kubectl", "istio-demo", "install", "--addons=none")
			if got.code != 0 {
				t.Fatalf("exit code %d\n%s", got.code, got.stderr)
			}
			t.Logf("%d definitions were forgotten; %s", (patches.Load()-stored)/2, summary(got.stderr))
			wantUndisturbed(t, control)
		})
	}
}

// TestRestartedServerDirectly does it without a proxy between them: the
// program sees HTTP/2 streams end, and then nobody listen.
func TestRestartedServerDirectly(t *testing.T) {
	t.Parallel()
	installUndisturbed(t)
	control := startCluster(t, "restarted")
	command := newUser(t, control.Kubeconfig).command(t, "kubectl-istio_demo", "install", "--addons=none")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said = append(said, lines.Text())
		if strings.HasPrefix(lines.Text(), "  [2/5]") {
			restart(t, control)
		}
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(said, "\n"))
	}
	wantUndisturbed(t, control)
}

// restart kills the API server and starts it again.
func restart(t *testing.T, control *cluster.Cluster) {
	if err := control.Restart("kube-apiserver"); err != nil {
		t.Error(err)
	}
}
