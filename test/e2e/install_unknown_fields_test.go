package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// unknownFields has fields that no version of these kinds has, in a struct, in
// an item of a list, in metadata, in a definition, and in an object of that.
const unknownFields = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, colour: blue}
data: {mode: demo}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replica: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: first, image: "registry.example.com/web:1"}
      - {name: second, image: "registry.example.com/web:1", shape: round, ports: [{containerPort: 80, kind: http}]}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.unknown.example.com}
spec:
  group: unknown.example.com
  scope: Namespaced
  colour: blue
  names: {kind: Gadget, plural: gadgets}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
---
apiVersion: unknown.example.com/v1
kind: Gadget
metadata: {name: first}
spec: {size: 3, weight: 4}
`

// TestInstallUnknownFields refuses fields that a kind does not have, unless they may
// be left out, which is told or not.
func TestInstallUnknownFields(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	path := user.File(t, "old.yaml", unknownFields)
	install := func(flags ...string) user.Result {
		return u.Run(t, append([]string{"kubectl", "istio-demo", "install", "-n", "unknown", "-f", path}, flags...)...)
	}
	refused := regexp.MustCompile(`^error: \S+old\.yaml, document \d \(line \d+\): \w+ \S+: .* field not declared in schema.*; ` +
		`fix it, or drop unknown fields with --validate=warn$`)
	if got := install(); got.Code != 1 || len(got.Errors()) == 0 || !refused.MatchString(got.Errors()[0]) {
		t.Errorf("exit code %d\n%s", got.Code, got.Stderr)
	}

	warned := install("--validate=warn")
	var warnings []string
	for line := range strings.Lines(warned.Stderr) {
		if text, is := strings.CutPrefix(line, "warning: "+path+", "); is {
			warnings = append(warnings, strings.TrimSpace(text))
		}
	}
	slices.Sort(warnings)
	want := []string{
		"document 1 (line 1): configmap unknown/settings: dropped unknown fields: metadata.colour",
		"document 2 (line 6): deployment unknown/web: dropped unknown fields: " +
			"spec.replica, spec.template.spec.containers[1].ports[0].kind, spec.template.spec.containers[1].shape",
		"document 3 (line 19): customresourcedefinition gadgets.unknown.example.com: dropped unknown fields: spec.colour",
		"document 4 (line 33): gadget unknown/first: dropped unknown fields: spec.weight",
	}
	if warned.Code != 0 || !slices.Equal(warnings, want) {
		t.Errorf("exit code %d, warnings %q, want %q\n%s", warned.Code, warnings, want, warned.Stderr)
	}
	if size := u.Must(t, "kubectl", "get", "gadget", "first", "-n", "unknown", "-o", "jsonpath={.spec}"); size != `{"size":3}` {
		t.Errorf("the gadget has %s", size)
	}

	again := install("--validate=ignore")
	if again.Code != 0 || strings.Contains(again.Stderr, "warning") || !strings.HasPrefix(again.Summary(), "0 created, 0 configured, 5 unchanged") {
		t.Errorf("again: exit code %d\n%s", again.Code, again.Stderr)
	}
	if got := u.Run(t, "kubectl", "istio-demo", "diff", "-n", "unknown", "-f", path); got.Code != 0 || got.Stdout+got.Stderr != "" {
		t.Errorf("diff: exit code %d\n%s%s", got.Code, got.Stdout, got.Stderr)
	}
	u.Must(t, "kubectl", "istio-demo", "uninstall", "-n", "unknown", "--yes")
}
