package manifest_test

import (
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

const entries = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  template:
    spec:
      imagePullSecrets: [{name: a}, {name: b}, {name: a}]
      containers:
      - name: one
        env: [{name: A, value: "1"}, {name: B, value: "2"}, {name: A, value: "3"}, {name: A, value: "4"}]
        ports: [{containerPort: 80, name: a}, {containerPort: 80, protocol: UDP}, {containerPort: 80, protocol: TCP, name: b}]
      - {name: two, env: [{name: A}]}
`

func TestUnique(t *testing.T) {
	object := decodeOne(t, entries)
	before := object.DeepCopy()
	unique, warnings := manifest.Unique(object)
	const at = "demo.yaml, document 1 (line 2): deployment a: spec.template.spec."
	want := []string{
		at + "imagePullSecrets has several entries with name a; the last one wins",
		at + "containers[0].env has several entries with name A; the last one wins",
		at + "containers[0].ports has several entries with containerPort 80, protocol TCP; the last one wins",
	}
	if !slices.Equal(warnings, want) {
		t.Errorf("the warnings are\n%q, want\n%q", warnings, want)
	}
	if !equality.Semantic.DeepEqual(object.Object, before.Object) {
		t.Error("the object itself was changed")
	}
	containers, _, _ := unstructured.NestedSlice(unique.Object, "spec", "template", "spec", "containers")
	first := containers[0].(map[string]any)
	if env := first["env"].([]any); len(env) != 2 || env[0].(map[string]any)["name"] != "B" || env[1].(map[string]any)["value"] != "4" {
		t.Errorf("env is %v", env)
	}
	if ports := first["ports"].([]any); len(ports) != 2 || ports[1].(map[string]any)["name"] != "b" {
		t.Errorf("ports are %v", ports)
	}
}

// TestUniqueAlready leaves alone what needs nothing, or cannot be read.
func TestUniqueAlready(t *testing.T) {
	for _, text := range []string{
		"{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}, {port: 80}]}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{env: text}, text], imagePullSecrets: 3}}",
		"{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: text}",
		"{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: a}, {name: b}]}",
	} {
		object := decodeOne(t, text)
		if unique, warnings := manifest.Unique(object); warnings != nil || unique.Unstructured != object.Unstructured {
			t.Errorf("%s: %q", text, warnings)
		}
	}
	hooks := decodeOne(t, "{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, metadata: {name: a}, webhooks: [{name: a}, {name: a}]}")
	if _, warnings := manifest.Unique(hooks); len(warnings) != 1 {
		t.Errorf("%q", warnings)
	}
}

func decodeOne(t *testing.T, text string) manifest.Object {
	t.Helper()
	content, err := decode.Decode("demo.yaml", []byte(text), true)
	if err != nil || len(content.Objects) != 1 {
		t.Fatal(content, err)
	}
	return content.Objects[0]
}
