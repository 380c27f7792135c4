package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestPodsParity compares pods and services with kubectl's, to the byte.
func TestPodsParity(t *testing.T) {
	u := controlplane.SharedDemo(t)
	pod := strings.Fields(u.Must(t, "kubectl", "get", "pods", "-n", "istio-system", "-o", "jsonpath={.items[*].metadata.name}"))[0]
	columns := user.File(t, "columns.txt", "NAME IP\n.metadata.name .status.podIP\n")
	template := user.File(t, "template.txt", "{{range .items}}{{.metadata.name}}\n{{end}}")
	path := user.File(t, "path.txt", "{.items[*].metadata.name}")
	for _, flags := range [][]string{
		{},
		{pod},
		{pod, "nope"},
		{"nope"},
		{"nope", "--ignore-not-found"},
		{pod, "-o", "json"},
		{pod, "-o", "yaml", "--show-managed-fields"},
		{"-o", "wide"},
		{"-o", "json"},
		{"-o", "yaml"},
		{"-o", "kyaml"},
		{"-o", "name"},
		{"-o", "jsonpath={.items[*].metadata.uid}"},
		{"-o", "jsonpath-file=" + path},
		{"-o", "custom-columns=N:.metadata.name,L:.metadata.labels.app"},
		{"-o", "custom-columns=N:.metadata.name", "--no-headers"},
		{"-o", "custom-columns-file=" + columns},
		{"-o", "go-template={{len .items}}"},
		{"-o", "go-template-file=" + template},
		{"-l", "app=istiod"},
		{"-l", "app=nothing"},
		{"-l", "app in (istiod,istio-egressgateway)", "--show-labels"},
		{"--field-selector", "metadata.name=" + pod},
		{"--sort-by", ".metadata.name"},
		{"--sort-by", "{.metadata.creationTimestamp}", "-o", "name"},
		{"--no-headers"},
		{"--show-kind"},
		{"--label-columns", "app,istio"},
		{"-L", "app", "-o", "wide"},
		{"--chunk-size", "1"},
		{"--chunk-size", "0"},
		{"--server-print=false"},
		{"-A"},
		{"-A", "-o", "wide", "--show-labels"},
		{"-A", "--sort-by", ".metadata.name"},
		{"-n", "default"},
		{"-n", "default", "-o", "json"},
	} {
		for _, resource := range []string{"pods", "services"} {
			t.Run(resource+" "+strings.Join(flags, " "), func(t *testing.T) {
				ours := append([]string{"kubectl", "istio-demo", resource}, flags...)
				theirs := append([]string{"kubectl", "get", resource}, flags...)
				if !strings.Contains(strings.Join(flags, " ")+" ", "-n ") {
					theirs = append(theirs, "-n", "istio-system")
				}
				// While the ages tick, columns can get wider.
				var before, got, want user.Result
				same := false
				for attempt := 0; !same && attempt < 10; attempt++ {
					before, got, want = u.Run(t, theirs...), u.Run(t, ours...), u.Run(t, theirs...)
					same = got.Code == want.Code && got.Stderr == want.Stderr && sameButAges(before.Stdout, got.Stdout, want.Stdout)
				}
				if !same {
					t.Errorf("ours (%d)\n%s%s\nkubectl's (%d)\n%s%s", got.Code, got.Stdout, got.Stderr, want.Code, want.Stdout, want.Stderr)
				}
			})
		}
	}
}

// age is how kubectl tells how old something is.
var age = regexp.MustCompile(`\b(\d+[hms])+\b`)

// sameButAges tells whether an output is the same to the byte as the one before it
// and the one after it, but for ages that have ticked in the meantime.
func sameButAges(before, got, after string) bool {
	still := func(output string) string {
		return age.ReplaceAllStringFunc(output, func(age string) string {
			return regexp.MustCompile(`\d`).ReplaceAllString(age, "0")
		})
	}
	if still(before) != still(got) || still(got) != still(after) {
		return false
	}
	least, most := age.FindAllString(before, -1), age.FindAllString(after, -1)
	for i, shown := range age.FindAllString(got, -1) {
		var ages [3]time.Duration
		for j, text := range []string{least[i], shown, most[i]} {
			var err error
			if ages[j], err = time.ParseDuration(text); err != nil {
				return false
			}
		}
		if ages[1] < ages[0] || ages[1] > ages[2] {
			return false
		}
	}
	return true
}

// TestSameButAges holds the comparison to what it is for.
func TestSameButAges(t *testing.T) {
	for _, test := range []struct {
		before, got, after string
		want               bool
	}{
		{"a-55hrk   5m15s\nb 9s\n", "a-55hrk   5m15s\nb 9s\n", "a-55hrk   5m15s\nb 9s\n", true},
		{"a   5m15s", "a   5m16s", "a   5m16s", true},
		{"a   5m15s", "a   5m17s", "a   5m16s", false},
		{"a   5m15s", "a   5m14s", "a   5m16s", false},
		{"a   5m15s", "a  5m15s", "a   5m15s", false},
		{"a   5m15s", "b   5m15s", "a   5m15s", false},
		{"a   59s", "a   60s", "a   1m", false},
	} {
		if got := sameButAges(test.before, test.got, test.after); got != test.want {
			t.Errorf("%q between %q and %q: %v", test.got, test.before, test.after, got)
		}
	}
}

// TestPodsOneRequest counts: no discovery, no second look.
func TestPodsOneRequest(t *testing.T) {
	controlplane.SharedDemo(t)
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := user.New(t, recorder.Kubeconfig)
	for _, arguments := range [][]string{
		{"pods"}, {"services"}, {"pods", "-o", "wide"}, {"pods", "-o", "json"}, {"pods", "-A", "-l", "app=istiod"}, {"svc", "istiod"},
	} {
		u.Must(t, append([]string{"kubectl", "istio-demo"}, arguments...)...)
		if requests, _ := recorder.Drain(); len(requests) != 1 {
			t.Errorf("%s made %d requests:\n%s", strings.Join(arguments, " "), len(requests), strings.Join(requests, "\n"))
		}
	}
	// A list in chunks takes one for each.
	pods := strings.Fields(u.Must(t, "kubectl", "istio-demo", "pods", "--chunk-size=1", "-o", "name"))
	if requests, _ := recorder.Drain(); len(pods) < 3 || len(requests) != len(pods) {
		t.Errorf("%d pods took %d requests:\n%s", len(pods), len(requests), strings.Join(requests, "\n"))
	}
	// The recorder does record: kubectl's discovery is seen.
	u.Must(t, "kubectl", "get", "pods", "-n", "istio-system")
	if requests, _ := recorder.Drain(); len(requests) < 2 {
		t.Errorf("the recorder saw %d requests of kubectl get with an empty cache", len(requests))
	}
	if entries, err := os.ReadDir(u.Dir + "/.kube"); err == nil && len(entries) == 0 {
		t.Error("kubectl left no cache, so the comparison above means nothing")
	}
}

// TestPodsWatch sees changes that come after the list, and ends with Ctrl-C.
func TestPodsWatch(t *testing.T) {
	u := controlplane.SharedDemo(t)
	u.Must(t, "kubectl", "create", "namespace", "watched")
	for _, flag := range []string{"-w", "--watch-only"} {
		t.Run(flag, func(t *testing.T) {
			name := "seen" + strings.Trim(flag, "-")
			u.Must(t, "kubectl", "run", name, "-n", "watched", "--image=example.com/x")
			command := u.Command(t, "kubectl-istio_demo", "pods", "-n", "watched", flag, "--show-labels")
			out, err := command.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			stop := keepLabelling(t, u, name)
			lines := bufio.NewScanner(out)
			if !lines.Scan() || !strings.HasPrefix(lines.Text(), "NAME") {
				t.Errorf("the first line is %q", lines.Text())
			}
			seen := false
			for !seen && lines.Scan() {
				seen = strings.HasPrefix(lines.Text(), name) && strings.Contains(lines.Text(), "change=")
			}
			stop()
			if !seen {
				t.Error("no change was shown")
			}
			if err := command.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			for lines.Scan() {
			}
			if err := command.Wait(); err == nil || command.ProcessState.ExitCode() != 1 {
				t.Errorf("after Ctrl-C: %v", err)
			}
		})
	}
}

// keepLabelling labels a pod over and over, because nobody can tell from
// outside when a watch has begun.
func keepLabelling(t *testing.T, u *user.User, pod string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var changes sync.WaitGroup
	changes.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			u.Run(t, "kubectl", "label", "pod", pod, "-n", "watched", "--overwrite", fmt.Sprintf("change=%d", n))
		}
	})
	return func() { cancel(); changes.Wait() }
}
