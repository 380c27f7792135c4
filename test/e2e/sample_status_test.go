package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestSampleStatus shows a sample with its sidecars and routes, misses what is
// gone of it, and finds it in another namespace.
func TestSampleStatus(t *testing.T) {
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "samplestatus").Kubeconfig)
	if none := u.Must(t, "kubectl", "istio-demo", "sample", "status"); none != "no samples installed; 'kubectl istio-demo sample list' lists what there is\n" {
		t.Errorf("without samples it prints %q", none)
	}
	u.Must(t, "kubectl", "istio-demo", "install", "--addons=none")
	u.Must(t, "kubectl", "delete", "mutatingwebhookconfigurations,validatingwebhookconfigurations", "--all")
	u.Must(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "shop")
	u.Must(t, "kubectl", "istio-demo", "sample", "route", "bookinfo", "reviews=v1:90,v3:10", "-n", "shop")
	for _, flags := range [][]string{nil, {"bookinfo", "-n", "shop"}} {
		got := u.Must(t, append([]string{"kubectl", "istio-demo", "sample", "status"}, flags...)...)
		if !strings.HasPrefix(got, "the sample bookinfo in shop: 6 of 6 ready\nNAME ") || !strings.Contains(got, "\nsidecars: 0 of 6 pods: the cluster has no sidecar injector") ||
			!strings.Contains(got, "\nroute:    reviews to v1:90,v3:10\n") || !strings.Contains(got, "\naddress:  ") {
			t.Errorf("sample status %q prints\n%s", flags, got)
		}
	}
	u.Must(t, "kubectl", "delete", "service", "ratings", "-n", "shop")
	lost := u.Run(t, "kubectl", "istio-demo", "sample", "status", "bookinfo", "-n", "shop")
	if lost.Code != 1 || !user.Prints(`(?m)^1 of \d+ objects missing: service shop/ratings; run 'kubectl istio-demo sample install bookinfo -n shop'$`)(lost) {
		t.Errorf("exit code %d\n%s%s", lost.Code, lost.Stdout, lost.Stderr)
	}
	var read struct {
		Samples []struct {
			Sample, Namespace string
			Sidecars          struct{ Pods int }
			Routes            []struct{ Service string }
		}
	}
	if err := json.Unmarshal([]byte(u.Run(t, "kubectl", "istio-demo", "sample", "status", "-o", "json").Stdout), &read); err != nil || len(read.Samples) != 1 ||
		read.Samples[0].Sample != "bookinfo" || read.Samples[0].Namespace != "shop" || read.Samples[0].Sidecars.Pods != 6 || len(read.Samples[0].Routes) != 1 {
		t.Errorf("-o json has %+v: %v", read, err)
	}
	want := "error: sample bookinfo is not installed in namespace default; it is in shop: use -n shop"
	for _, command := range []string{"status bookinfo -n default", "route bookinfo"} {
		got := u.Run(t, append([]string{"kubectl", "istio-demo", "sample"}, strings.Fields(command)...)...)
		if lines := got.Errors(); got.Code != 1 || len(lines) != 1 || lines[0] != want {
			t.Errorf("sample %s: exit code %d\n%s", command, got.Code, got.Stderr)
		}
	}
	foreign := "error: the demo is not installed in namespace default; it is in istio-system: use -n istio-system"
	if got := u.Run(t, "kubectl", "istio-demo", "status", "-n", "default"); got.Code != 1 || strings.TrimSpace(got.Stderr) != foreign {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
	u.Must(t, "kubectl", "delete", "configmap", "istio-demo", "-n", "istio-system")
	orphan := "error: the demo is not installed in namespace istio-system; the Istio of this cluster, deployment istio-system/istiod, belongs to this plugin, without its inventory: 'kubectl istio-demo uninstall -n istio-system' removes it"
	if got := u.Run(t, "kubectl", "istio-demo", "status"); got.Code != 1 || strings.TrimSpace(got.Stderr) != orphan {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}
}
