package shell_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

func TestLine(t *testing.T) {
	for _, test := range []struct {
		text  string
		names []string
		want  string
	}{
		{"kubectl get pods", nil, "kubectl get pods"},
		{"kubectl delete {} {}", []string{"pod", "a-1.b"}, "kubectl delete pod a-1.b"},
		{"kubectl wait --for=delete namespace/{} --timeout=1m", []string{"mesh"}, "kubectl wait --for=delete namespace/mesh --timeout=1m"},
		{"kubectl get clusterrole {}", []string{"system:node-proxier"}, "kubectl get clusterrole system:node-proxier"},
		// The program's own text may have anything in it.
		{`kubectl patch {} -p '{"a":null}'`, []string{"x"}, `kubectl patch x -p '{"a":null}'`},
		// A name is never read as text.
		{"{} {}", []string{"{}", "a"}, "NAME a"},
		{"{} {}", []string{"a"}, "a NAME"},
		{"{}", []string{""}, "NAME"},
		{"{}", []string{"$(touch x)"}, "NAME"},
		{"{}", []string{"`touch x`"}, "NAME"},
		{"{}", []string{"a; touch x"}, "NAME"},
		{"{}", []string{"a & calc.exe"}, "NAME"},
		{"{}", []string{"%PATH%"}, "NAME"},
		{"{}", []string{"a'b"}, "NAME"},
		{"{}", []string{"a\nb"}, "NAME"},
		{"{}", []string{"a\n"}, "NAME"},
		{"{}", []string{"a\x00"}, "NAME"},
		{"{}", []string{"a\u202eb"}, "NAME"},
		{"{}", []string{"pods,secrets"}, "NAME"},
		{"{}", []string{"pods/all"}, "NAME"},
		{"{}", []string{"~"}, "NAME"},
		{"{}", []string{"*"}, "NAME"},
		// RBAC lets a role have this name.
		{"kubectl delete clusterrole {}", []string{"--all"}, "kubectl delete clusterrole NAME"},
		{"{}", []string{strings.Repeat("a", 253)}, strings.Repeat("a", 253)},
		{"{}", []string{strings.Repeat("a", 254)}, "NAME"},
	} {
		if got := shell.Line(test.text, test.names...); got != test.want {
			t.Errorf("%s of %q is %s, want %s", test.text, test.names, got, test.want)
		}
	}
}

func TestIn(t *testing.T) {
	for namespace, want := range map[string]string{"": "", "mesh": " -n mesh", "a b": " -n NAME", "--all": " -n NAME"} {
		if got := shell.In(namespace); got != want {
			t.Errorf("in %q it is %q, want %q", namespace, got, want)
		}
	}
}

// FuzzLine has a shell say what it makes of a line. It runs printf, and no
// word is more than a word, whatever the names.
func FuzzLine(f *testing.F) {
	for _, name := range []string{"istiod", "a b", "$(exit 3)", "`exit 3`", "';exit 3;'", "a\nexit 3", "--all", "\\", "*", "~", "a\x00b", "{}"} {
		f.Add(name, "mesh")
	}
	f.Fuzz(func(t *testing.T, name, namespace string) {
		line := shell.Line("printf '%s\\n' a{} {}", name, name) + shell.In(namespace)
		got, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v\n%s", line, err, got)
		}
		want := []string{"a" + shown(name), shown(name)}
		if namespace != "" {
			want = append(want, "-n", shown(namespace))
		}
		if string(got) != strings.Join(want, "\n")+"\n" {
			t.Errorf("%q is\n%s\nwant %q", line, got, want)
		}
	})
}

// shown gives a name as a line has it: itself or nothing of it.
func shown(name string) string {
	if line := shell.Line("{}", name); line == name {
		return name
	}
	return shell.Placeholder
}
