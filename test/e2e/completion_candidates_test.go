package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// withCompletion is a user whose kubectl asks the plugin.
func withCompletion(t *testing.T, kubeconfig string) *user.User {
	t.Helper()
	u := user.New(t, kubeconfig)
	folder := filepath.Join(u.Dir, "bin")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	u.PrependPath(folder)
	u.Must(t, "kubectl", "istio-demo", "completion", "--install", "--dir", folder)
	return u
}

// kubectlSays are the lines of kubectl __complete that are not for the shell.
var kubectlSays = regexp.MustCompile(`^(\[Debug\]|Completion ended with directive:) `)

// completions asks kubectl what can follow, and gives the values without
// their descriptions, and the directive.
func completions(t *testing.T, u *user.User, words ...string) (values []string, directive string) {
	t.Helper()
	got := u.Run(t, append([]string{"kubectl", "__complete", "istio-demo"}, words...)...)
	if got.Code != 0 {
		t.Errorf("%q: exit code %d", words, got.Code)
	}
	for line := range strings.Lines(got.Stderr) {
		if !kubectlSays.MatchString(line) {
			t.Errorf("%q: noise: %s", words, line)
		}
	}
	for line := range strings.Lines(got.Stdout) {
		if value, ok := strings.CutPrefix(line, ":"); ok {
			return values, strings.TrimSpace(value)
		}
		value, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		values = append(values, value)
	}
	t.Errorf("%q: there is no directive: %s", words, got.Stdout)
	return values, ""
}

// names gives the names that the cluster has.
func names(t *testing.T, u *user.User, kind, namespace string) []string {
	t.Helper()
	names := strings.Fields(u.Must(t, "kubectl", "get", kind, "-n", namespace, "-o", "jsonpath={.items[*].metadata.name}"))
	slices.Sort(names)
	return names
}

// The directives of cobra that are expected: the first of them is not a files,
// and no space after the word.
const (
	shellFiles = "0"
	noFiles    = "4"
	noSpace    = "6"
	endings    = "8"
	onlyDirs   = "16"
	keepOrder  = "36"
)

// TestCompletion asks for everything that is completed without a cluster.
func TestCompletion(t *testing.T) {
	controlplane.SharedDemo(t)
	control := controlplane.Shared(t)
	u := withCompletion(t, control.Kubeconfig)
	for _, test := range []struct{ words, want, directive string }{
		{"inst|", "install", noFiles},
		{"d|", "dashboard diff", noFiles},
		{"install |", "", noFiles},
		{"install nope |", "", noFiles},
		{"nope |", "", noFiles},
		{"install --ad|", "--addons --adopt", noFiles},
		{"install --dry-run=|", "client none server", noFiles},
		{"install --dry-run=s|", "server", noFiles},
		{"install --validate=|", "ignore strict warn", noFiles},
		{"install --wait=|", "false true", noFiles},
		{"install --addons |", "grafana jaeger kiali none prometheus", noSpace},
		{"install --addons=kiali,p|", "kiali,prometheus", noSpace},
		{"install --addons grafana,jaeger,kiali,|", "grafana,jaeger,kiali,prometheus", noFiles},
		{"check --skip-checks capacity,w|", "capacity,webhooks", noSpace},
		{"install --upgrade-apis=|", "false true", noFiles},
		{"manifest --upgrade-apis 1.1|", "1.10 1.11 1.12 1.13 1.14 1.15 1.16 1.17 1.18 1.19", keepOrder},
		{"manifest -o |", "json report yaml", noFiles},
		{"check -o |", "json yaml", noFiles},
		{"status -o |", "json wide yaml", noFiles},
		{"status -o w|", "wide", noFiles},
		{"version --output=j|", "json", noFiles},
		{"pods -o cus|", "custom-columns custom-columns-file", noFiles},
		{"install -o jsonpath|", "jsonpath jsonpath-as-json jsonpath-file", noFiles},
		{"install --timeout |", "", noFiles},
		{"install -f |", "json yaml yml", endings},
		{"install --values |", "json yaml yml", endings},
		{"install -k |", "", onlyDirs},
		{"pods --kubeconfig |", "", shellFiles},
		{"pods --context |", "kwok-" + control.Name, noFiles},
		{"--cluster |", "kwok-" + control.Name, noFiles},
		{"pods --user=|", "kwok-" + control.Name, noFiles},
		{"pods --context other|", "", noFiles},
		{"dashboard k|", "kiali", noFiles},
		{"d |", "controlz envoy grafana istiod istiod-debug jaeger kiali prometheus proxy skywalking zipkin", noFiles},
		{"dashboard kiali |", "controlz grafana istiod istiod-debug jaeger prometheus skywalking zipkin", noFiles},
		{"dashboard kiali jaeger g|", "grafana", noFiles},
		{"dashboard envoy a |", "", noFiles},
		{"help inst|", "install", noFiles},
		{"completion |", "bash fish powershell zsh", noFiles},
		{"completion --install --dir |", "", onlyDirs},
		{"logs jo|", "job/", noSpace},
		{"dashboard envoy jo|", "", noSpace},
		{"dashboard envoy dep|", "deployment/", noSpace},
	} {
		t.Run(test.words, func(t *testing.T) {
			words := strings.Split(strings.TrimSuffix(test.words, "|"), " ")
			values, directive := completions(t, u, words...)
			slices.Sort(values)
			want := strings.Fields(test.want)
			slices.Sort(want)
			if !slices.Equal(values, want) || directive != test.directive {
				t.Errorf("%q, %s; want %q, %s", values, directive, want, test.directive)
			}
		})
	}
	commands := u.Must(t, "kubectl", "__complete", "istio-demo", "")
	for _, one := range []string{"pods\tShow the demo's pods\n", "install\tInstall Istio's demo and wait until it is ready\n"} {
		if !strings.Contains(commands, one) {
			t.Errorf("%q is not among\n%s", one, commands)
		}
	}
	if strings.Contains(commands, "__complete") {
		t.Errorf("what is for the shell is suggested:\n%s", commands)
	}
}

// TestCompletionNames asks for what is on the cluster.
func TestCompletionNames(t *testing.T) {
	controlplane.SharedDemo(t)
	u := withCompletion(t, controlplane.Shared(t).Kubeconfig)
	deployLookalike(t, u, "completed", "app: completed", "10m")
	u.Must(t, "kubectl", "create", "service", "clusterip", "front", "-n", "completed", "--tcp=80")
	pods, demoPods := names(t, u, "pods", "completed"), names(t, u, "pods", "istio-system")
	pod := pods[0]
	for _, test := range []struct {
		words string
		want  []string
	}{
		{"pods |", demoPods},
		{"pods -n completed |", pods},
		{"pods --namespace=completed po|", pods},
		{"pods -n completed " + pod + " |", nil},
		{"pods -n completed x|", nil},
		{"pods -A |", nil},
		{"svc -n completed |", []string{"front"}},
		{"services |", names(t, u, "services", "istio-system")},
		{"address -n completed --gateway |", []string{"front"}},
		{"pods -n com|", []string{"completed"}},
		{"pods --namespace |", names(t, u, "namespaces", "")},
		{"logs |", slices.Sorted(slices.Values(slices.Concat(names(t, u, "deployments", "istio-system"), demoPods)))},
		{"logs -n completed |", []string{"posing", pod}},
		{"logs -n completed deploy/|", []string{"deploy/posing"}},
		{"logs -n completed sts/|", nil},
		{"logs -n completed node/|", nil},
		{"logs -n completed posing |", []string{"main"}},
		{"logs -n completed posing -c |", []string{"main"}},
		{"logs -n completed posing -c x|", nil},
		{"logs -n completed " + pod + " -c |", []string{"main"}},
		{"logs -n completed rs/" + pod[:strings.LastIndex(pod, "-")] + " -c |", []string{"main"}},
		{"logs -n completed -l app=completed -c |", []string{"main"}},
		{"logs -n completed -l app=completed |", nil},
		{"logs -n completed posing -c main |", nil},
		{"logs istiod -c |", []string{"discovery"}},
		{"logs -c |", nil},
		{"dashboard envoy -n completed |", pods},
		{"dashboard proxy -n completed deploy/|", []string{"deploy/posing"}},
		{"dashboard envoy -n completed node/|", nil},
		{"pods --as nobody |", nil},
		{"pods -n a/b |", nil},
		{"pods -n nope |", nil},
		{"pods --context nope |", nil},
	} {
		t.Run(test.words, func(t *testing.T) {
			values, directive := completions(t, u, strings.Split(strings.TrimSuffix(test.words, "|"), " ")...)
			slices.Sort(values)
			if !slices.Equal(values, test.want) || directive != noFiles {
				t.Errorf("%q, %s; want %q", values, directive, test.want)
			}
		})
	}
}

// TestCompletionRequests counts: whoever is typing waits for no more.
func TestCompletionRequests(t *testing.T) {
	controlplane.SharedDemo(t)
	recorder := apiproxy.New(t, controlplane.Shared(t).Kubeconfig)
	u := withCompletion(t, recorder.Kubeconfig)
	for words, want := range map[string]int{"": 0, "install --add": 0, "pods -o ": 0, "pods ": 1, "pods -n ": 1, "logs ": 2, "logs istiod -c ": 1} {
		completions(t, u, strings.Split(words, " ")...)
		if requests, _ := recorder.Drain(); len(requests) != want {
			t.Errorf("%q made %d requests, want %d:\n%s", words, len(requests), want, strings.Join(requests, "\n"))
		}
	}
}

// TestCompletionWithoutCluster suggests nothing, at once and without a word.
func TestCompletionWithoutCluster(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	login := "#!/bin/sh\necho log in with a browser >&2\n"
	config := func(server, user string) string {
		return fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: a, clusters: [{name: a, cluster: {server: %q}}], contexts: [{name: a, context: {cluster: a, user: a}}], users: [{name: a, user: {%s}}]}`, server, user)
	}
	program := func(script string) string {
		path := user.File(t, "login", script)
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf(`exec: {apiVersion: client.authentication.k8s.io/v1, command: %q, interactiveMode: IfAvailable}`, path)
	}
	for name, kubeconfig := range map[string]string{
		"broken":             "a: b: c",
		"empty":              "",
		"nobody listens":     config("https://127.0.0.1:1", ""),
		"no answer":          config("https://"+silent.Addr().String(), ""),
		"no login":           config("https://127.0.0.1:1", program(login+"exit 1\n")),
		"a login that waits": config("https://127.0.0.1:1", program(login+"exec sleep 10\n")),
	} {
		t.Run(name, func(t *testing.T) {
			u := withCompletion(t, user.File(t, "kubeconfig", kubeconfig))
			for _, words := range []string{"pods -n |", "logs istiod |"} {
				begun := time.Now()
				if values, directive := completions(t, u, strings.Split(strings.TrimSuffix(words, "|"), " ")...); len(values) > 0 || directive != noFiles {
					t.Errorf("%s: %q, %s", words, values, directive)
				}
				if took := time.Since(begun); took > 8*time.Second {
					t.Errorf("%s took %s", words, took)
				}
			}
			if values, _ := completions(t, u, "install", "--addons", "k"); !slices.Equal(values, []string{"kiali"}) {
				t.Errorf("what needs no cluster is not suggested: %q", values)
			}
		})
	}
}
