package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// served is what istiod sends to a proxy, as far as test/istiod/xds prints it.
type served struct {
	Clusters []string
	Routes   json.RawMessage
}

// istiodServes asks istiod as the proxy of a pod would, before and after
// traffic is shifted.
func istiodServes(t *testing.T, m mesh) {
	m.Must(t, "kubectl", "istio-demo", "sample", "install", "bookinfo", "-n", "books", "--yes")
	address := m.forward(t, "deployment/istiod", 15012)
	before := m.ask(t, address, "productpage")
	for _, service := range []string{"details", "productpage", "ratings", "reviews"} {
		if want := "outbound|9080||" + service + ".books.svc.cluster.local"; !slices.Contains(before.Clusters, want) {
			t.Errorf("no cluster %s in %q", want, before.Clusters)
		}
	}
	if strings.Contains(string(before.Routes), `"weight"`) {
		t.Errorf("traffic is shifted already: %s", before.Routes)
	}
	m.Must(t, "kubectl", "istio-demo", "sample", "route", "bookinfo", "-n", "books", "reviews=v1:90,v3:10")
	shifted := regexp.MustCompile(`v1\|reviews\.books\.svc\.cluster\.local", *"weight": *90},.*v3\|reviews\.books\.svc\.cluster\.local", *"weight": *10}`)
	var after served
	for range 20 { // istiod gathers changes before it tells them
		if after = m.ask(t, address, "productpage"); shifted.Match(after.Routes) {
			break
		}
	}
	if !shifted.Match(after.Routes) {
		t.Errorf("traffic is not shifted: %s", after.Routes)
	}
}

// istioctlAgrees asks Istio's own program about what was installed.
func istioctlAgrees(t *testing.T, m mesh) {
	for _, test := range []struct{ command, want, never string }{
		{"istioctl version", "control plane version: ", "(?i)error|warn"},
		{"istioctl proxy-status", "^NAME +CLUSTER", "(?i)error|warn"},
		{"istioctl analyze -A", "", "(?m)^(Error|Warning) "},
		{"istioctl x precheck", "No issues found", "(?m)^(Error|Warning) "},
	} {
		got := m.Run(t, strings.Fields(test.command)...)
		if out := got.Stdout + got.Stderr; got.Code != 0 || !regexp.MustCompile(test.want).MatchString(out) || regexp.MustCompile(test.never).MatchString(out) {
			t.Errorf("%s: exit code %d\n%s", test.command, got.Code, out)
		}
	}
	m.Must(t, "kubectl", "istio-demo", "sample", "uninstall", "bookinfo", "-n", "books", "--yes")
}

// forward gives a local address that leads to a port of what the demo has
// until the test ends.
func (m mesh) forward(t *testing.T, to string, port int) string {
	t.Helper()
	forward := m.Start(t, "kubectl", "port-forward", "-n", "istio-system", to, fmt.Sprintf(":%d", port))
	return strings.Fields(forward.URL(t))[2] // Forwarding from ADDRESS -> PORT
}

// ask connects to istiod with the identity of the pod of an application.
func (m mesh) ask(t *testing.T, address, app string) served {
	t.Helper()
	command := m.asProxy(t, address, app, "-port", "9080")
	out, err := command.Output()
	var got served
	if err = errors.Join(err, json.Unmarshal(out, &got)); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	return got
}

// asProxy makes the command that asks istiod with that identity.
func (m mesh) asProxy(t *testing.T, address, app string, arguments ...string) *exec.Cmd {
	t.Helper()
	pod := strings.Fields(m.Must(t, "kubectl", "get", "pods", "-n", "books", "-l", "app="+app, "-o", "jsonpath={.items[0].metadata.name} {.items[0].status.podIP} {.items[0].spec.serviceAccountName}"))
	authority := m.Must(t, "kubectl", "get", "configmap", "istio-ca-root-cert", "-n", "books", "-o", `jsonpath={.data.root-cert\.pem}`)
	client := *m.User
	client.Environment = append(slices.Clone(m.Environment), "TOKEN="+strings.TrimSpace(m.Must(t, "kubectl", "create", "token", pod[2], "-n", "books", "--audience=istio-ca")))
	program := []string{filepath.Join(filepath.Dir(os.Getenv("ISTIOD")), "xds"), "-address", address, "-ca", user.File(t, "ca.pem", authority),
		"-namespace", "books", "-pod", pod[0], "-ip", pod[1]}
	return client.Command(t, append(program, arguments...)...)
}
