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
)

// initialised matches a line of Go's trace of what a program sets up before it
// begins (GODEBUG=inittrace=1): the package, and how many bytes it takes.
var initialised = regexp.MustCompile(`(?m)^init (\S+) @.*, (\d+) bytes`)

// What is needed only to render charts, to read kustomizations, or to explain
// kinds.
var heavy = regexp.MustCompile(`^(helm\.sh|istio\.io|github\.com/Masterminds|github\.com/google/gnostic-models|sigs\.k8s\.io/kustomize|k8s\.io/kube-openapi)/`)

// TestStartUp looks at what is done before a command begins, for users who read
// English.
func TestStartUp(t *testing.T) {
	u := sharedDemo(t)
	u.environment = append(u.environment, "LC_ALL=C.UTF-8")
	for _, command := range []string{"--help", "version --client", "pods"} {
		t.Run(command, func(t *testing.T) {
			traced := *u
			traced.environment = append([]string{"GODEBUG=inittrace=1"}, u.environment...)
			got := traced.run(t, append([]string{"kubectl-istio_demo"}, strings.Fields(command)...)...)
			found := initialised.FindAllStringSubmatch(got.stderr, -1)
			if got.code != 0 || len(found) < 50 {
				t.Fatalf("exit code %d, %d packages\n%s", got.code, len(found), got.stderr)
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
		ours, kubectls := u.peak(t, "kubectl-istio_demo", "pods"), u.peak(t, "kubectl", "get", "pods", "-n", "istio-system")
		renders := u.peak(t, "kubectl-istio_demo", "manifest")
		t.Logf("pods takes %d MB, kubectl get pods %d MB, and what renders charts %d MB", ours>>20, kubectls>>20, renders>>20)
		if ours > kubectls || ours+ours/4 > renders {
			t.Errorf("pods takes %d bytes, kubectl get pods %d, and what renders charts %d", ours, kubectls, renders)
		}
	})
}

// peak gives the median of the memory that a command takes at most, in bytes. A
// process counts as its own what the one that has started it took, so that a
// small program does it.
func (u *user) peak(t *testing.T, arguments ...string) int64 {
	t.Helper()
	clock, reading := filepath.Join(t.TempDir(), "clock"), filepath.Join(t.TempDir(), "reading")
	if out, err := exec.Command("go", "build", "-o", clock, "../bench/clock").CombinedOutput(); err != nil {
		t.Fatalf("%s%v", out, err)
	}
	var taken []int64
	for range 3 {
		u.must(t, append([]string{clock, reading}, arguments...)...)
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
