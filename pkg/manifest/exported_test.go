package manifest_test

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// installable reads a manifest, and returns what an install would apply of it as
// YAML, and the warnings.
func installable(t *testing.T, text string) (objects, warnings []string) {
	t.Helper()
	content, err := decode.Decode("demo.yaml", []byte(text), true)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := yaml.Marshal(content.Objects[0].Object)
	read := manifest.Manifest{Objects: content.Objects}.Installable()
	if after, _ := yaml.Marshal(content.Objects[0].Object); string(before) != string(after) {
		t.Errorf("what was given is changed to\n%s", after)
	}
	for _, object := range read.Objects {
		data, err := yaml.Marshal(object.Object)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, string(data))
	}
	return objects, read.Warnings
}

func TestInstallableExported(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
	const gadget = "apiVersion: demo.example.com/v1\nkind: Gadget\nmetadata:\n  name: a\n"
	for _, test := range []struct{ name, object, want, warning string }{
		{"identity", head + "  uid: 0\n  selfLink: /a\n  resourceVersion: '1'\n  creationTimestamp: '2020-06-01T10:00:00Z'\n  managedFields: [{manager: kubectl}]\n", head,
			"left out what only the server writes, of configmap a: metadata.creationTimestamp, metadata.managedFields, metadata.resourceVersion, metadata.selfLink, metadata.uid"},
		{"bookkeeping", head + "  uid: b\n  generation: 3\n  ownerReferences: [{name: b}]\n  annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}', mine: c}\n",
			"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations:\n    mine: c\n  name: a\n",
			"left out what only the server writes, of configmap a: annotation kubectl.kubernetes.io/last-applied-configuration, metadata.generation, metadata.ownerReferences, metadata.uid"},
		{"status", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nstatus: {loadBalancer: {ingress: [{ip: 1.2.3.4}]}}\n", "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n", "left out what only the server writes, of service a: status"},
		{"nothing in it", head + "  creationTimestamp: null\nstatus: {loadBalancer: {}, kind: '', conditions: []}\n", head, ""},
		{"status of a custom resource", gadget + "status:\n  a: b\n", gadget + "status:\n  a: b\n", ""},
		{"status of an exported custom resource", gadget + "  resourceVersion: '5'\nstatus:\n  a: b\n", gadget, "left out what only the server writes, of gadget a: metadata.resourceVersion, status"},
		{"owner that was written", head + "  ownerReferences:\n  - name: b\n", head + "  ownerReferences:\n  - name: b\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, warnings := installable(t, test.object)
			if got[0] != test.want {
				t.Errorf("got\n%s, want\n%s", got[0], test.want)
			}
			if told := strings.Join(warnings, "\n"); told != test.warning {
				t.Errorf("the warning is\n%s, want\n%s", told, test.warning)
			}
		})
	}
}

func TestInstallableExportedCounts(t *testing.T) {
	const head = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "
	_, warnings := installable(t, head+"a\n  uid: b\n---\n"+head+"b\n---\n"+head+"c\n  uid: d\n  resourceVersion: '1'\n")
	want := "left out what only the server writes, of 2 objects, such as configmap a: metadata.resourceVersion, metadata.uid"
	if !slices.Equal(warnings, []string{want}) {
		t.Errorf("the warnings are %q", warnings)
	}
}

func TestInstallableStringData(t *testing.T) {
	const head = "kind: Secret\nmetadata:\n  name: a\n"
	for _, test := range []struct{ name, object, want string }{
		{"alone", "apiVersion: v1\n" + head + "stringData: {user: me}\n", "apiVersion: v1\ndata:\n  user: bWU=\n" + head},
		{"above data", "apiVersion: v1\n" + head + "data: {user: eA==, more: eQ==}\nstringData: {user: me}\n", "apiVersion: v1\ndata:\n  more: eQ==\n  user: bWU=\n" + head},
		{"null", "apiVersion: v1\n" + head + "data: null\nstringData: {user: null}\n", "apiVersion: v1\ndata:\n  user: \"\"\n" + head},
		{"empty", "apiVersion: v1\n" + head + "data: {a: eA==}\nstringData: {}\n", "apiVersion: v1\ndata:\n  a: eA==\n" + head},
		{"another group", "apiVersion: demo.example.com/v1\n" + head + "stringData:\n  user: me\n", "apiVersion: demo.example.com/v1\n" + head + "stringData:\n  user: me\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, warnings := installable(t, test.object)
			if got[0] != test.want || len(warnings) > 0 {
				t.Errorf("got\n%s, want\n%s\nwarnings %q", got[0], test.want, warnings)
			}
		})
	}
}
