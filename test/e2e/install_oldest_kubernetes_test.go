package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/version"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/chart"
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
	for _, from := range []string{oldest, tools} {
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

// TestOldestKubernetes has the demo come and go on the oldest Kubernetes that
// its Istio supports, as it does on the newest.
func TestOldestKubernetes(t *testing.T) {
	t.Parallel()
	control := startClusterOf(t, oldestTools(t), "oldest", processes{})
	recorder := newRecorder(t, control.Kubeconfig)
	u := newUser(t, recorder.kubeconfig)
	before := settled(t, control.Kubeconfig)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *user)
	}{
		{"version", oldestIsOldest},
		{"check", func(t *testing.T, u *user) {
			recorder.take()
			oldestChecked(t, u)
			recorder.wantNoWrites(t)
		}},
		{"installed", oldestInstalled},
		{"shown", oldestShown},
		{"installed again", oldestInstalledAgain},
		{"upgraded", func(t *testing.T, _ *user) { newUpgrader(t, control.Kubeconfig).takesFixtures(t) }},
		{"uninstalled", func(t *testing.T, u *user) {
			u.must(t, "kubectl", "istio-demo", "uninstall", "--yes")
			for _, difference := range compare(before, settled(t, control.Kubeconfig)) {
				t.Error(difference)
			}
		}},
	} {
		if !t.Run(step.name, func(t *testing.T) { step.run(t, u) }) {
			t.Fatalf("the steps after %q need it", step.name)
		}
	}
}

// oldestIsOldest holds the cluster to what is promised: an Istio that supports
// others needs another module in test/oldest.
func oldestIsOldest(t *testing.T, u *user) {
	var server version.Info
	if err := json.Unmarshal([]byte(u.must(t, "kubectl", "get", "--raw", "/version")), &server); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(server.GitVersion, "v"+chart.MinimumKubernetes+".") || server.Major+"."+server.Minor != chart.MinimumKubernetes {
		t.Errorf("the server is %+v, and %s is promised", server, chart.MinimumKubernetes)
	}
}

func oldestChecked(t *testing.T, u *user) {
	code, findings := check(t, u)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	least := regexp.QuoteMeta(chart.MinimumKubernetes)
	found(t, findings, "version", "pass", `the cluster runs Kubernetes v`+least+`\.\d+; `+least+` or newer is needed`)
	for _, finding := range findings {
		// The one warning is of a cluster without load balancers.
		if finding.Verdict != "pass" && finding.Name != "loadbalancer" {
			t.Errorf("%+v", finding)
		}
	}
}

func oldestInstalled(t *testing.T, u *user) {
	got := u.run(t, "kubectl", "istio-demo", "install")
	if got.code != 0 || !strings.HasPrefix(summary(got.stderr), "70 created, 0 configured, 0 unchanged in ") || strings.Count(got.stdout, " Running ") != 7 {
		t.Fatalf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	// A field that the server does not know, or a version that it would rather
	// not serve, would be a second warning.
	warnings := regexp.MustCompile(`(?m)^[Ww]arning: .*$`).FindAllString(got.stderr, -1)
	if len(warnings) != 1 || !strings.Contains(warnings[0], "Services of type LoadBalancer") {
		t.Errorf("it warns: %q", warnings)
	}
	if want := u.must(t, "kubectl", "get", "pods", "-n", "istio-system"); !sameTable(got.stdout, want) {
		t.Errorf("install prints\n%sand kubectl\n%s", got.stdout, want)
	}
	checkEndpoints(t, u, "istio-system", 10)
}

func oldestShown(t *testing.T, u *user) {
	for _, resource := range []string{"pods", "services"} {
		ours := u.must(t, "kubectl", "istio-demo", resource, "-o", "name")
		if theirs := u.must(t, "kubectl", "get", resource, "-n", "istio-system", "-o", "name"); ours != theirs || ours == "" {
			t.Errorf("-o name is\n%sand kubectl's\n%s", ours, theirs)
		}
		ours = u.must(t, "kubectl", "istio-demo", resource)
		if theirs := u.must(t, "kubectl", "get", resource, "-n", "istio-system"); !sameTable(ours, theirs) {
			t.Errorf("the table is\n%sand kubectl's\n%s", ours, theirs)
		}
	}
	status := u.must(t, "kubectl", "istio-demo", "status")
	if ready := regexp.MustCompile(`(?m)^deployment/\S+ +1/1 +Ready +\S+$`).FindAllString(status, -1); len(ready) != 7 {
		t.Errorf("%d are ready:\n%s", len(ready), status)
	}
	if diff := u.run(t, "kubectl", "istio-demo", "diff"); diff.code != 0 || diff.stdout != "" || diff.stderr != "" {
		t.Errorf("diff: exit code %d\n%s%s", diff.code, diff.stdout, diff.stderr)
	}
}

func oldestInstalledAgain(t *testing.T, u *user) {
	before := versions(t, u)
	again := u.run(t, "kubectl", "istio-demo", "install")
	if again.code != 0 || !strings.HasPrefix(summary(again.stderr), "0 created, 0 configured, 70 unchanged in ") {
		t.Errorf("exit code %d\n%s", again.code, again.stderr)
	}
	if after := versions(t, u); before != after {
		t.Errorf("a second install changed objects:\n%s\nthen\n%s", before, after)
	}
}

// TestIstiodOnOldestKubernetes runs istiod there.
func TestIstiodOnOldestKubernetes(t *testing.T) {
	t.Parallel()
	startMeshOn(t, oldestTools(t), processes{istiod: os.Getenv("ISTIOD")}).steps(t, []meshStep{
		{"version", func(t *testing.T, m mesh) { oldestIsOldest(t, m.user) }},
		{"installed", istiodInstalled},
		{"validator", istiodValidates},
		{"injection", istiodInjects},
		{"mesh", istiodServes},
		{"installed again", istiodKeepsItsOwn},
		{"uninstalled", istiodUninstalled},
	})
}

// TestTooOldKubernetes is refused by a server that says it is one release older
// than the oldest, before anything is written, unless the user insists.
func TestTooOldKubernetes(t *testing.T) {
	// The demo may be there, from other tests, and is of this namespace then.
	recorder := newRecorder(t, sharedCluster(t).Kubeconfig)
	recorder.spoil = func(w http.ResponseWriter, request *http.Request, forward http.Handler) {
		if request.URL.Path != "/version" {
			forward.ServeHTTP(w, request)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"major":"1","minor":"31","gitVersion":"v1.31.14"}`))
	}
	u := newUser(t, recorder.kubeconfig)
	code, findings := check(t, u)
	if code != 1 {
		t.Errorf("check: exit code %d", code)
	}
	found(t, findings, "version", "fail", `the cluster runs Kubernetes v1\.31\.14, and 1\.32 or newer is needed`)
	got := u.run(t, "kubectl", "istio-demo", "install", "--addons=none")
	want := []string{"error: the cluster runs Kubernetes v1.31.14, and 1.32 or newer is needed; upgrade the cluster, or give the manifest of an older Istio with -f"}
	if lines := errorLines(got.stderr); got.code != 1 || !slices.Equal(lines, want) || got.stdout != "" {
		t.Errorf("install: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	if code, _ := check(t, u, "--skip-checks=version"); code != 0 {
		t.Errorf("check --skip-checks=version: exit code %d", code)
	}
	recorder.wantNoWrites(t)
}
