package apiupgrade

import (
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// inert are kinds of which the library says where they went, but which nobody
// writes into a manifest: they are requests.
var inert = map[string]bool{
	"AdmissionReview": true, "ConversionReview": true, "DeploymentRollback": true, "Scale": true, "PodCertificateRequest": true,
}

// TestEveryKind finds kinds of which the library has learned that they go,
// and nobody here.
func TestEveryKind(t *testing.T) {
	found := 0
	for old := range library().AllKnownTypes() {
		_, ok := successor(old)
		if !ok || removed(old) == "" || strings.HasSuffix(old.Kind, "List") || inert[old.Kind] {
			continue
		}
		found++
		if converter(old) == nil {
			t.Errorf("%s has no converter", old)
		}
	}
	if found < 50 {
		t.Errorf("only %d kinds were found", found)
	}
}

// TestEveryConverter finds converters that lead nowhere, or to what is not
// known.
func TestEveryConverter(t *testing.T) {
	var all []schema.GroupVersionKind
	for old := range converters {
		all = append(all, old)
	}
	for version, names := range renamed {
		for _, name := range names {
			all = append(all, kind(version, name))
		}
	}
	served := today(t)
	for _, old := range all {
		if old == kind("extensions/v1beta1", "PodSecurityPolicy") {
			continue // whose successor is gone, too
		}
		// Not all are gone already, but all will be.
		path, _ := follow(old, func(next schema.GroupVersionKind) bool { return next.Version == "v1" || next.Version == "v2" })
		if len(path) == 0 || !served(path[len(path)-1]) {
			t.Errorf("%s leads to %v, which is not served", old, path)
		}
		if removed(old) == "" {
			t.Errorf("nobody knows when %s was removed", old)
		}
	}
}

// TestRenamedFields proves that a new version of a kind that is only renamed
// has every field of the old one, with the same type.
func TestRenamedFields(t *testing.T) {
	compared := 0
	for version, names := range renamed {
		for _, name := range names {
			from := kind(version, name)
			to, _ := successor(from)
			old, renewed := known(from), known(to)
			if old == nil || renewed == nil {
				continue // its type has left the library
			}
			compared++
			sameFields(t, from.String(), reflect.TypeOf(old).Elem(), reflect.TypeOf(renewed).Elem(), map[reflect.Type]bool{})
		}
	}
	if compared < 40 {
		t.Errorf("only %d kinds were compared", compared)
	}
}

// sameFields compares types as JSON sees them.
func sameFields(t *testing.T, path string, old, renewed reflect.Type, seen map[reflect.Type]bool) {
	t.Helper()
	if old == renewed || seen[old] {
		return
	}
	seen[old] = true
	if old.Kind() != renewed.Kind() {
		t.Errorf("%s is a %s, and was a %s", path, renewed, old)
		return
	}
	switch old.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		sameFields(t, path, old.Elem(), renewed.Elem(), seen)
	case reflect.Struct:
		fields := map[string]reflect.Type{}
		for field := range renewed.Fields() {
			fields[jsonName(field)] = field.Type
		}
		for field := range old.Fields() {
			name := jsonName(field)
			switch same, ok := fields[name]; {
			case strings.HasSuffix(path, ".status") || name == "status":
			case !ok:
				t.Errorf("%s.%s is no more", path, name)
			default:
				sameFields(t, path+"."+name, field.Type, same, seen)
			}
		}
	}
}

func jsonName(field reflect.StructField) string {
	name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
	return name
}

func TestRelease(t *testing.T) {
	for _, test := range []struct {
		release, version, kind string
		want                   bool
	}{
		{"1.15", "extensions/v1beta1", "Deployment", true},
		{"1.16", "extensions/v1beta1", "Deployment", false},
		{"v1.16.4-gke.1", "extensions/v1beta1", "Deployment", false},
		{"1.37", "apps/v1", "Deployment", true},
		{"1.37", "v1", "Pod", true},
		{"1.15", "apiextensions.k8s.io/v1", "CustomResourceDefinition", false},
		{"1.16", "apiextensions.k8s.io/v1", "CustomResourceDefinition", true},
		{"1.21", "apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", true},
		{"1.22", "apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", false},
		{"1.24", "autoscaling/v2beta1", "HorizontalPodAutoscaler", true},
		{"1.25", "autoscaling/v2beta1", "HorizontalPodAutoscaler", false},
		{"1.25", "autoscaling/v2beta2", "HorizontalPodAutoscaler", true},
		{"1.22", "autoscaling/v2", "HorizontalPodAutoscaler", false},
		{"1.24", "policy/v1beta1", "PodSecurityPolicy", true},
		{"1.25", "policy/v1beta1", "PodSecurityPolicy", false},
		{"1.15", "rbac.authorization.k8s.io/v1alpha1", "Role", false},
		{"1.26", "flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema", true},
		{"1.34", "networking.k8s.io/v1beta1", "ServiceCIDR", false},
		{"1.37", "apiregistration.k8s.io/v1", "APIService", true},
		{"1.37", "apiregistration.k8s.io/v1beta1", "APIService", false},
		{"1.37", "networking.istio.io/v1", "Gateway", false},
	} {
		served, err := Release(test.release)
		if err != nil {
			t.Fatal(err)
		}
		if got := served(kind(test.version, test.kind)); got != test.want {
			t.Errorf("%s serves %s in %s: %t", test.release, test.kind, test.version, got)
		}
	}
	for _, wrong := range []string{"", "latest", "1", "one", "1.8", "1.99", "2.1", "0.37", "-1.20"} {
		if _, err := Release(wrong); err == nil {
			t.Errorf("%q is taken for a release", wrong)
		}
	}
}
