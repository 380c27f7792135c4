package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// initialised matches a line of Go's trace of what a program sets up before it
// begins (GODEBUG=inittrace=1): the package, and how many bytes it takes.
var initialised = regexp.MustCompile(`(?m)^init (\S+) @.*, (\d+) bytes`)

// What is needed only to render charts, to read kustomizations, or to explain
// kinds.
var heavy = regexp.MustCompile(`^(helm\.sh|istio\.io|github\.com/Masterminds|github\.com/google/gnostic-models|sigs\.k8s\.io/kustomize|k8s\.io/kube-openapi)/`)

// TestPodsStartupCost looks at what is done before a command begins, for users who read
// English.
func TestPodsStartupCost(t *testing.T) {
	u := controlplane.SharedDemo(t)
	u.Environment = append(u.Environment, "LC_ALL=C.UTF-8")
	for _, command := range []string{"--help", "version --client", "pods"} {
		t.Run(command, func(t *testing.T) {
			traced := *u
			traced.Environment = append([]string{"GODEBUG=inittrace=1"}, u.Environment...)
			got := traced.Run(t, append([]string{"kubectl-istio_demo"}, strings.Fields(command)...)...)
			found := initialised.FindAllStringSubmatch(got.Stderr, -1)
			if got.Code != 0 || len(found) < 50 {
				t.Fatalf("exit code %d, %d packages\n%s", got.Code, len(found), got.Stderr)
			}
			all, ofHeavy := 0, 0
			for _, one := range found {
				bytes, err := strconv.Atoi(one[2])
				if err != nil {
					t.Fatal(err)
				}
				all += bytes
				if heavy.MatchString(one[1]) {
					ofHeavy += bytes
				}
				if strings.Contains(one[1], "santhosh-tekuri/jsonschema") {
					t.Errorf("%s is set up, which nothing needs", one[1])
				}
			}
			t.Logf("%d packages take %d KB, those for charts and explanations %d KB", len(found), all>>10, ofHeavy>>10)
			// kubectl's translations would be 4.4 MB more.
			if all > 4608<<10 || ofHeavy > 600<<10 {
				t.Errorf("%d KB are taken, %d KB of them for charts and explanations", all>>10, ofHeavy>>10)
			}
		})
	}
	t.Run("memory", func(t *testing.T) {
		ours, kubectls := peak(t, u, "kubectl-istio_demo", "pods"), peak(t, u, "kubectl", "get", "pods", "-n", "istio-system")
		renders := peak(t, u, "kubectl-istio_demo", "manifest")
		t.Logf("pods takes %d MB, kubectl get pods %d MB, and what renders charts %d MB", ours>>20, kubectls>>20, renders>>20)
		if ours > kubectls || ours+ours/4 > renders {
			t.Errorf("pods takes %d bytes, kubectl get pods %d, and what renders charts %d", ours, kubectls, renders)
		}
	})
}

// peak gives the median of the memory that a command takes at most, in bytes. A
// process counts as its own what the one that has started it took, so that a
// small program does it.
func peak(t *testing.T, u *user.User, arguments ...string) int64 {
	t.Helper()
	clock, reading := filepath.Join(t.TempDir(), "clock"), filepath.Join(t.TempDir(), "reading")
	if out, err := exec.Command("go", "build", "-o", clock, "../bench/clock").CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	var taken []int64
	for range 3 {
		u.Must(t, append([]string{clock, reading}, arguments...)...)
		data, err := os.ReadFile(reading)
		if err != nil {
			t.Fatal(err)
		}
		var read struct{ PeakBytes int64 }
		if err := json.Unmarshal(data, &read); err != nil || read.PeakBytes == 0 {
			t.Fatalf("%s: %v", data, err)
		}
		taken = append(taken, read.PeakBytes)
	}
	slices.Sort(taken)
	return taken[1]
}
