package apiupgrade

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

var update = flag.Bool("update", false, "write what comes out to testdata/upgraded")

// today is a cluster of the release that the library is of.
func today(t testing.TB) Served {
	t.Helper()
	served, err := Release("1.37")
	if err != nil {
		t.Fatal(err)
	}
	return served
}

// one upgrades an object.
func one(t testing.TB, text string) (*unstructured.Unstructured, *Change) {
	t.Helper()
	upgraded, change, err := Upgrade(fixture.Objects(t, text)[0], today(t))
	if err != nil {
		t.Fatal(err)
	}
	return upgraded, change
}

// TestFixtures compares the old objects of testdata with what they became,
// the notes included: one place in which every rule can be read. The notes
// are comments there.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	served := today(t)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, old := range fixture.Objects(t, string(data)) {
				before := old.DeepCopy()
				upgraded, change, err := Upgrade(old, served)
				if err != nil || change == nil {
					t.Fatalf("%s %s is not upgraded: %v", old.GetKind(), old.GetName(), err)
				}
				if !equality.Semantic.DeepEqual(before, old) {
					t.Errorf("%s %s was changed", old.GetKind(), old.GetName())
				}
				if !served(upgraded.GroupVersionKind()) || change.To != upgraded.GroupVersionKind() || change.From != old.GroupVersionKind() {
					t.Errorf("%s %s: the change is %v, the object %v", old.GetKind(), old.GetName(), change, upgraded.GroupVersionKind())
				}
				got = append(got, render(t, upgraded, change))
			}
			golden := filepath.Join("testdata", "upgraded", filepath.Base(file))
			compare(t, golden, strings.Join(got, "---\n"))
		})
	}
}

func render(t *testing.T, object *unstructured.Unstructured, change *Change) string {
	t.Helper()
	var text bytes.Buffer
	text.WriteString("# From " + change.From.GroupVersion().String() + ".\n")
	for _, note := range change.Notes {
		text.WriteString("# Note: " + note + ".\n")
	}
	data, err := yaml.Marshal(object.Object)
	if err != nil {
		t.Fatal(err)
	}
	text.Write(data)
	return text.String()
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	wanted, lines := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range max(len(wanted), len(lines)) {
		if i >= len(wanted) || i >= len(lines) || wanted[i] != lines[i] {
			t.Fatalf("%s differs from line %d on (-update writes it anew); got\n%s", golden, i+1, strings.Join(lines[min(i, len(lines)):], "\n"))
		}
	}
}

// TestUntouched gives objects that stay as they are, as the very same object.
func TestUntouched(t *testing.T) {
	for name, text := range map[string]string{
		"served":              "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}, status: {}}",
		"served, core":        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
		"an autoscaler":       "{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment}}}",
		"a custom resource":   "{apiVersion: networking.istio.io/v1alpha3, kind: Gateway, metadata: {name: a}}",
		"a kind of no one's":  "{apiVersion: apps/v1beta1, kind: Deplyoment, metadata: {name: a}}",
		"a version of no one": "{apiVersion: apps/v7, kind: Deployment, metadata: {name: a}}",
		"no way known":        "{apiVersion: resource.k8s.io/v1beta1, kind: ResourceClaim, metadata: {name: a}}",
	} {
		t.Run(name, func(t *testing.T) {
			old := fixture.Objects(t, text)[0]
			upgraded, change, err := Upgrade(old, today(t))
			if upgraded != old || change != nil || err != nil {
				t.Errorf("%v, %v, %v", upgraded, change, err)
			}
		})
	}
}

func TestUnsupported(t *testing.T) {
	for _, test := range []struct{ version, kind, want string }{
		{"policy/v1beta1", "PodSecurityPolicy",
			"kind PodSecurityPolicy in version policy/v1beta1 was removed in Kubernetes 1.25; label the namespaces for Pod Security Admission instead (pod-security.kubernetes.io/enforce)"},
		{"extensions/v1beta1", "PodSecurityPolicy",
			"kind PodSecurityPolicy in version extensions/v1beta1 was removed in Kubernetes 1.25; label the namespaces for Pod Security Admission instead (pod-security.kubernetes.io/enforce)"},
		{"settings.k8s.io/v1alpha1", "PodPreset",
			"kind PodPreset in version settings.k8s.io/v1alpha1 was removed in Kubernetes 1.20; write its settings into the pods' templates"},
		{"certificates.k8s.io/v1beta1", "CertificateSigningRequest",
			"kind CertificateSigningRequest in version certificates.k8s.io/v1beta1 was removed in Kubernetes 1.22; write it in certificates.k8s.io/v1 and name its signer in spec.signerName"},
	} {
		old := fixture.Objects(t, "{apiVersion: "+test.version+", kind: "+test.kind+", metadata: {name: a}, spec: {request: a}}")[0]
		upgraded, change, err := Upgrade(old, today(t))
		var unsupported *UnsupportedError
		if !errors.As(err, &unsupported) || err.Error() != test.want || unsupported.Kind != old.GroupVersionKind() {
			t.Errorf("%s %s: %v", test.version, test.kind, err)
		}
		if upgraded != old || change != nil {
			t.Errorf("%s %s: %v, %v", test.version, test.kind, upgraded, change)
		}
	}
	if got := (&UnsupportedError{Kind: kind("a/v1", "B")}).Error(); got != "kind B in version a/v1 no longer exists" {
		t.Error(got)
	}
}

// TestWay goes only as far as it has to.
func TestWay(t *testing.T) {
	for _, test := range []struct {
		version, kind string
		served        []string
		want          string
	}{
		{"autoscaling/v2beta1", "HorizontalPodAutoscaler", []string{"autoscaling/v2"}, "autoscaling/v2"},
		{"autoscaling/v2beta1", "HorizontalPodAutoscaler", []string{"autoscaling/v2", "autoscaling/v2beta2"}, "autoscaling/v2beta2"},
		{"autoscaling/v2beta1", "HorizontalPodAutoscaler", []string{"autoscaling/v1"}, ""},
		{"extensions/v1beta1", "PodSecurityPolicy", []string{"policy/v1beta1"}, "policy/v1beta1"},
		{"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema", []string{"flowcontrol.apiserver.k8s.io/v1"}, "flowcontrol.apiserver.k8s.io/v1"},
		{"flowcontrol.apiserver.k8s.io/v1alpha1", "PriorityLevelConfiguration", []string{"flowcontrol.apiserver.k8s.io/v1beta1"}, "flowcontrol.apiserver.k8s.io/v1beta1"},
		{"storage.k8s.io/v1alpha1", "CSIStorageCapacity", []string{"storage.k8s.io/v1"}, "storage.k8s.io/v1"},
		{"networking.k8s.io/v1beta1", "IngressClass", []string{"networking.k8s.io/v1"}, "networking.k8s.io/v1"},
		{"apps/v1beta1", "Deployment", []string{"extensions/v1beta1"}, ""},
	} {
		old := fixture.Objects(t, "{apiVersion: "+test.version+", kind: "+test.kind+", metadata: {name: a}}")[0]
		upgraded, change, err := Upgrade(old, func(kind schema.GroupVersionKind) bool {
			for _, version := range test.served {
				if kind.GroupVersion().String() == version {
					return true
				}
			}
			return false
		})
		got := ""
		if change != nil {
			got = upgraded.GetAPIVersion()
		}
		if got != test.want || err != nil {
			t.Errorf("%s %s where %v are served: %q, %v", test.version, test.kind, test.served, got, err)
		}
	}
}
