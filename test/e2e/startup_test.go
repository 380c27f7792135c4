package e2e

import (
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// initialised matches a line of Go's trace of what a program sets up before it
// begins (GODEBUG=inittrace=1): the package, and how many bytes it takes.
var initialised = regexp.MustCompile(`(?m)^init (\S+) @.*, (\d+) bytes`)

// What is needed only to render charts, to read kustomizations, or to explain
// kinds.
var heavy = regexp.MustCompile(`^(helm\.sh|istio\.io|github\.com/Masterminds|github\.com/google/gnostic-models|sigs\.k8s\.io/kustomize|k8s\.io/kube-openapi)/`)

// TestStartUp looks at what is done before a command begins.
func TestStartUp(t *testing.T) {
	u := sharedDemo(t)
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
			// kubectl's own translations are 4.4 MB of it.
			if all > 9<<20 || ofHeavy > 600<<10 {
				t.Errorf("%d KB are taken, %d KB of them for charts and explanations", all>>10, ofHeavy>>10)
			}
		})
	}
	t.Run("memory", func(t *testing.T) {
		ours, kubectls := u.peak(t, "kubectl-istio_demo", "pods"), u.peak(t, "kubectl", "get", "pods", "-n", "istio-system")
		renders := u.peak(t, "kubectl-istio_demo", "manifest")
		t.Logf("pods takes %d MB, kubectl get pods %d MB, and what renders charts %d MB", ours>>10, kubectls>>10, renders>>10)
		if ours > kubectls || ours+ours/4 > renders {
			t.Errorf("pods takes %d KB, kubectl get pods %d KB, and what renders charts %d KB", ours, kubectls, renders)
		}
	})
}

// peak gives the median of the memory that a command takes at most, in KB.
func (u *user) peak(t *testing.T, arguments ...string) int64 {
	t.Helper()
	var taken []int64
	for range 3 {
		command := u.command(t, arguments...)
		if err := command.Run(); err != nil {
			t.Fatalf("%s: %v", strings.Join(arguments, " "), err)
		}
		taken = append(taken, usage(t, command))
	}
	return max(min(taken[0], taken[1]), min(max(taken[0], taken[1]), taken[2]))
}

// usage gives the memory that a command has taken at most, in KB.
func usage(t *testing.T, command *exec.Cmd) int64 {
	t.Helper()
	used, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("nobody knows what the command has used")
	}
	return used.Maxrss
}
