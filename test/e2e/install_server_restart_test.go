package e2e

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/reference"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/soak"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

const definitions = "/customresourcedefinitions/"

// TestInstallServerRestarts kills the API server in the middle of each wave and of
// the wait, and starts it again: the install does not mind.
func TestInstallServerRestarts(t *testing.T) {
	t.Parallel()
	undisturbed := reference.Install(t)
	for _, moment := range []struct {
		wave string
		// The request of this kind with this number, from 1 on, finds no
		// server: the second where the wave is to be stored in part.
		is     func(*http.Request) bool
		number int32
	}{
		{"definitions", apiproxy.IsPatch(definitions), 2},
		{"accounts", apiproxy.IsPatch("/clusterroles/"), 2},
		{"configuration", apiproxy.IsPatch("/services/"), 2},
		{"workloads", apiproxy.IsPatch("/deployments/"), 2},
		{"admission", apiproxy.IsPatch("webhookconfigurations/"), 2},
		{"wait", isDeploymentWatch, 1},
	} {
		t.Run(moment.wave, func(t *testing.T) {
			t.Parallel()
			control := controlplane.Start(t, "restarted")
			recorder := apiproxy.New(t, control.Kubeconfig)
			var seen atomic.Int32
			recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
				if moment.is(request) && seen.Add(1) == moment.number {
					restart(t, control)
				}
				forward.ServeHTTP(w, request)
			}
			// Somebody who may do everything by roles, which a server that has
			// just started has not read yet, and not by being its master.
			admin := user.New(t, control.Kubeconfig)
			admin.Must(t, "kubectl", "create", "clusterrolebinding", "installer", "--clusterrole=cluster-admin", "--user=installer")
			got := user.New(t, recorder.Kubeconfig).Run(t, "kubectl", "istio-demo", "install", "--addons=none", "--as", "installer")
			if got.Code != 0 || !strings.Contains(got.Stderr, "; retrying") {
				// Where it is the cluster that does not go on, this tells it.
				there := admin.Run(t, "kubectl", "get", "deployments,replicasets,pods,events", "-n", "istio-system")
				t.Fatalf("exit code %d\n%s\n%s%s", got.Code, got.Stderr, there.Stdout, there.Stderr)
			}
			t.Log(got.Summary())
			admin.Must(t, "kubectl", "delete", "clusterrolebinding", "installer")
			undisturbed.WantSame(t, control)
		})
	}
}

func isDeploymentWatch(request *http.Request) bool {
	return apiproxy.IsWatch(request) && strings.HasSuffix(request.URL.Path, "/deployments")
}

// TestInstallUnestablishedCRDs kills the API server when it has stored the CRDs
// and not yet established all of them. When it runs again, it does not look at
// those that it finds. It cannot be told when it forgets some; they are logged.
func TestInstallUnestablishedCRDs(t *testing.T) {
	t.Parallel()
	undisturbed := reference.Install(t)
	stored := int32(0)
	for key := range undisturbed.Added {
		if strings.HasPrefix(key, "CustomResourceDefinition.") {
			stored++
		}
	}
	for n := range soak.Times(t, 2, 10) {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			control := controlplane.Start(t, "forgotten")
			recorder := apiproxy.New(t, control.Kubeconfig)
			var patches atomic.Int32
			recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
				forward.ServeHTTP(w, request)
				if apiproxy.IsPatch(definitions)(request) && patches.Add(1) == stored {
					restart(t, control)
				}
			}
			got := user.New(t, recorder.Kubeconfig).Run(t, "kubectl", "istio-demo", "install", "--addons=none")
			if got.Code != 0 {
				t.Fatalf("exit code %d\n%s", got.Code, got.Stderr)
			}
			t.Logf("%d definitions were forgotten; %s", (patches.Load()-stored)/2, got.Summary())
			undisturbed.WantSame(t, control)
		})
	}
}

// TestInstallServerRestartsWithoutProxy does it without a proxy between them: the
// program sees HTTP/2 streams end, and then nobody listen.
func TestInstallServerRestartsWithoutProxy(t *testing.T) {
	t.Parallel()
	undisturbed := reference.Install(t)
	control := controlplane.Start(t, "restarted")
	command := user.New(t, control.Kubeconfig).Command(t, "kubectl-istio_demo", "install", "--addons=none")
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var printed []string
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		printed = append(printed, lines.Text())
		if strings.HasPrefix(lines.Text(), "  [2/5]") {
			restart(t, control)
		}
	}
	if err := command.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(printed, "\n"))
	}
	undisturbed.WantSame(t, control)
}

// restart kills the API server and starts it again.
func restart(t *testing.T, control *cluster.Cluster) {
	if err := control.Restart("kube-apiserver"); err != nil {
		t.Error(err)
	}
}
