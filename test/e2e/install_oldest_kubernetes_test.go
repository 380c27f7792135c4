package e2e

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/version"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// oldestTools gives a folder like that of the tools, in which the control plane
// is that of the oldest Kubernetes.
func oldestTools(t *testing.T) string {
	t.Helper()
	oldest := os.Getenv("OLDEST")
	if oldest == "" {
		t.Fatal("OLDEST is not set: run make e2e")
	}
	folder := t.TempDir()
	// What is there already stays: the control plane comes first.
	for _, from := range []string{oldest, user.Tools} {
		entries, err := os.ReadDir(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if err := os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(folder, entry.Name())); err != nil && !os.IsExist(err) {
				t.Fatal(err)
			}
		}
	}
	return folder
}

// TestInstallOldestKubernetes has the demo come and go on the oldest Kubernetes that
// its Istio supports, as it does on the newest.
func TestInstallOldestKubernetes(t *testing.T) {
	t.Parallel()
	control := controlplane.StartFrom(t, oldestTools(t), "oldest")
	recorder := apiproxy.New(t, control.Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	before := snapshot.TakeSettled(t, control.Kubeconfig)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *user.User)
	}{
		{"version", oldestIsOldest},
		{"check", func(t *testing.T, u *user.User) {
			recorder.Drain()
			oldestChecked(t, u)
			recorder.WantNoWrites(t)
		}},
		{"installed", oldestInstalled},
		{"shown", oldestShown},
		{"installed again", oldestInstalledAgain},
		{"upgraded", func(t *testing.T, _ *user.User) { acceptsUpgraded(t, control.Kubeconfig) }},
		{"uninstalled", func(t *testing.T, u *user.User) {
			u.Must(t, "kubectl", "istio-demo", "uninstall", "--yes")
			snapshot.WantEqual(t, before, snapshot.TakeSettled(t, control.Kubeconfig))
		}},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, u) }) {
			t.Fatalf("the steps after %q need it", step.name)
		}
	}
}

// oldestIsOldest holds the cluster to what is promised: an Istio that supports
// others needs another module in test/oldest.
func oldestIsOldest(t *testing.T, u *user.User) {
	var server version.Info
	if err := json.Unmarshal([]byte(u.Must(t, "kubectl", "get", "--raw", "/version")), &server); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(server.GitVersion, "v"+chart.MinimumKubernetes+".") || server.Major+"."+server.Minor != chart.MinimumKubernetes {
		t.Errorf("the server is %+v, and %s is promised", server, chart.MinimumKubernetes)
	}
}

func oldestChecked(t *testing.T, u *user.User) {
	code, findings := check(t, u)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	least := regexp.QuoteMeta(chart.MinimumKubernetes)
	found(t, findings, "version", "pass", `the cluster runs Kubernetes v`+least+`\.\d+; `+least+` or newer is required`)
	for _, finding := range findings {
		// The one warning is of a cluster without load balancers.
		if finding.Verdict != "pass" && finding.Name != "loadbalancer" && finding.Name != "dns" {
			t.Errorf("%+v", finding)
		}
	}
}

func oldestInstalled(t *testing.T, u *user.User) {
	got := u.Run(t, "kubectl", "istio-demo", "install")
	if got.Code != 0 || !strings.HasPrefix(got.Summary(), "69 created, 0 configured, 0 unchanged in ") || strings.Count(got.Stdout, " Running ") != 7 {
		t.Fatalf("exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	// A field that the server does not know, or a version that it would rather
	// not serve, would be a second warning.
	warnings := regexp.MustCompile(`(?m)^[Ww]arning: .*$`).FindAllString(got.Stderr, -1)
	if len(warnings) != 1 || !strings.Contains(warnings[0], "no load balancer implementation found") {
		t.Errorf("it warns: %q", warnings)
	}
	if want := u.Must(t, "kubectl", "get", "pods", "-n", "istio-system"); !sameTable(got.Stdout, want) {
		t.Errorf("install prints\n%sand kubectl\n%s", got.Stdout, want)
	}
	checkEndpoints(t, u, "istio-system", 10)
}

func oldestShown(t *testing.T, u *user.User) {
	for _, resource := range []string{"pods", "services"} {
		ours := u.Must(t, "kubectl", "istio-demo", resource, "-o", "name")
		if theirs := u.Must(t, "kubectl", "get", resource, "-n", "istio-system", "-o", "name"); ours != theirs || ours == "" {
			t.Errorf("-o name is\n%sand kubectl's\n%s", ours, theirs)
		}
		ours = u.Must(t, "kubectl", "istio-demo", resource)
		if theirs := u.Must(t, "kubectl", "get", resource, "-n", "istio-system"); !sameTable(ours, theirs) {
			t.Errorf("the table is\n%sand kubectl's\n%s", ours, theirs)
		}
	}
	status := u.Must(t, "kubectl", "istio-demo", "status")
	if ready := regexp.MustCompile(`(?m)^deployment/\S+ +1/1 +Ready +\S+$`).FindAllString(status, -1); len(ready) != 7 {
		t.Errorf("%d are ready:\n%s", len(ready), status)
	}
	if diff := u.Run(t, "kubectl", "istio-demo", "diff"); diff.Code != 0 || diff.Stdout != "" || diff.Stderr != "" {
		t.Errorf("diff: exit code %d\n%s%s", diff.Code, diff.Stdout, diff.Stderr)
	}
}

func oldestInstalledAgain(t *testing.T, u *user.User) {
	before := snapshot.Versions(t, u)
	again := u.Run(t, "kubectl", "istio-demo", "install")
	if again.Code != 0 || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 69 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.Code, again.Stderr)
	}
	if after := snapshot.Versions(t, u); len(before) != 69 || !maps.Equal(before, after) {
		t.Errorf("a second install changed objects:\n%v\nthen\n%v", before, after)
	}
}

// TestInstallTooOldKubernetes is refused by a server that says it is one release older
// than the oldest, before anything is written, unless the user insists.
func TestInstallTooOldKubernetes(t *testing.T) {
	// The demo may be there, from other tests, and is of this namespace then.
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	recorder.Intercept = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if request.URL.Path != "/version" {
			forward.ServeHTTP(w, request)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"major":"1","minor":"31","gitVersion":"v1.31.14"}`))
	}
	u := user.New(t, recorder.Kubeconfig)
	code, findings := check(t, u)
	if code != 1 {
		t.Errorf("check: exit code %d", code)
	}
	found(t, findings, "version", "fail", `the cluster runs Kubernetes v1\.31\.14, but 1\.32 or newer is required`)
	got := u.Run(t, "kubectl", "istio-demo", "install", "--addons=none")
	want := []string{"error: the cluster runs Kubernetes v1.31.14, but 1.32 or newer is required; upgrade the cluster, or install the manifest of an older Istio with -f"}
	if lines := got.Errors(); got.Code != 1 || !slices.Equal(lines, want) || got.Stdout != "" {
		t.Errorf("install: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	if code, _ := check(t, u, "--skip-checks=version"); code != 0 {
		t.Errorf("check --skip-checks=version: exit code %d", code)
	}
	recorder.WantNoWrites(t)
}
