package applyset

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/kubectl/pkg/cmd/apply"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// TestID computes what kubectl does.
func TestID(t *testing.T) {
	for namespace, name := range map[string]string{"istio-system": ParentName, "mesh": "istio-demo-sample-bookinfo", "a.b": ParentName} {
		parent := &apply.ApplySetParentRef{
			Name:        name,
			Namespace:   namespace,
			RESTMapping: &meta.RESTMapping{GroupVersionKind: corev1.SchemeGroupVersion.WithKind("ConfigMap")},
		}
		want := apply.NewApplySet(parent, apply.ApplySetTooling{Name: "kubectl"}, nil, nil).ID()
		if got := ID(name, namespace); got != want || len(got) > 63 {
			t.Errorf("the ID in %s is %s, and %s to kubectl", namespace, got, want)
		}
	}
}

var (
	configMaps  = schema.GroupKind{Kind: "ConfigMap"}
	deployments = schema.GroupKind{Group: "apps", Kind: "Deployment"}
)

func TestUnion(t *testing.T) {
	a := Record{Source: "a", Kinds: []schema.GroupKind{deployments, configMaps, deployments}, Namespaces: []string{"mesh", ""}}
	b := Record{Source: "b", Kinds: []schema.GroupKind{configMaps}, Namespaces: []string{"extra", "mesh"}}
	want := Record{Source: "a", Kinds: []schema.GroupKind{configMaps, deployments}, Namespaces: []string{"extra", "mesh"}}
	if got := a.Union(b); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	if len(a.Kinds) != 3 || a.Kinds[0] != deployments {
		t.Errorf("the set itself was changed: %+v", a)
	}
}

// stored gives a server that keeps one ConfigMap, as an apply left it.
func stored(t *testing.T) *fakeapi.Server {
	var kept *corev1.ConfigMap
	return fakeapi.New(t, func(got fakeapi.Request) any {
		switch {
		case got.Method == http.MethodPatch:
			kept = &corev1.ConfigMap{}
			if err := json.Unmarshal([]byte(got.Body), kept); err != nil {
				t.Error(err)
			}
			kept.UID = "7"
		case kept == nil:
			return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "no")
		}
		return kept
	})
}

// TestRoundTrip writes a set once, reads it, and does not write it again.
func TestRoundTrip(t *testing.T) {
	server := stored(t)
	parent := parentOf(t, server)
	if _, found, err := parent.Read(t.Context()); found || err != nil {
		t.Fatalf("found %t, %v", found, err)
	}
	set := Record{Source: "demo", Kinds: []schema.GroupKind{deployments, configMaps}, Namespaces: []string{"mesh", "extra", ""}}
	for range 2 {
		if err := parent.Write(t.Context(), set); err != nil {
			t.Fatal(err)
		}
	}
	reader := parentOf(t, server)
	got, found, err := reader.Read(t.Context())
	if want := normal(set); err != nil || !found || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %t, %v, want %+v", got, found, err, want)
	}
	if err := reader.Write(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	var patches []fakeapi.Request
	for _, request := range server.Requests() {
		if request.Method == http.MethodPatch {
			patches = append(patches, request)
		}
	}
	if len(patches) != 1 || patches[0].URI() != "/api/v1/namespaces/mesh/configmaps/istio-demo?fieldManager=kubectl-istio-demo-applyset&force=true" {
		t.Fatalf("it wrote %+v", patches)
	}
	for _, want := range []string{
		`"applyset.kubernetes.io/id":"` + ID(ParentName, "mesh") + `"`,
		`"applyset.kubernetes.io/contains-group-kinds":"ConfigMap,Deployment.apps"`,
		`"applyset.kubernetes.io/additional-namespaces":"extra"`,
		`"applyset.kubernetes.io/tooling":"kubectl-istio-demo/v1"`,
	} {
		if !strings.Contains(patches[0].Body, want) {
			t.Errorf("%s is not in %s", want, patches[0].Body)
		}
	}
	if err := reader.Write(t.Context(), Record{Source: "other"}); err != nil || len(server.Requests()) != 4 {
		t.Errorf("another set: %v, %+v", err, server.Requests())
	}
}

// TestForeignParent leaves alone what is not ours.
func TestForeignParent(t *testing.T) {
	for _, test := range []struct{ name, tooling, id, want string }{
		{"no inventory", "", "", "configmap mesh/istio-demo already exists and is not an inventory of this plugin; rename or delete it, or choose another namespace with -n"},
		{"kubectl's", "kubectl/v1.37.2", ID(ParentName, "mesh"), "configmap mesh/istio-demo is the inventory of another tool, kubectl/v1.37.2; rename or delete it, or choose another namespace with -n"},
		{"a namesake's", "kubectl-istio-demonstration/v1", ID(ParentName, "mesh"), "configmap mesh/istio-demo is the inventory of another tool, kubectl-istio-demonstration/v1; "},
		{"a copy from elsewhere", "kubectl-istio-demo/v1", ID(ParentName, "istio-system"), "configmap mesh/istio-demo is the inventory of another tool, kubectl-istio-demo/v1; "},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := fakeapi.New(t, func(fakeapi.Request) any {
				return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
					Name: ParentName, Namespace: "mesh",
					Labels: map[string]string{IDLabel: test.id}, Annotations: map[string]string{ToolingAnnotation: test.tooling},
				}}
			})
			parent := parentOf(t, server)
			_, found, err := parent.Read(t.Context())
			var foreign *ForeignError
			if found || !errors.As(err, &foreign) || !strings.HasPrefix(err.Error(), test.want) {
				t.Errorf("found %t: %v", found, err)
			}
			before := len(server.Requests())
			if err := parent.Delete(t.Context()); err != nil || len(server.Requests()) != before {
				t.Errorf("it is deleted: %v", err)
			}
		})
	}
}

// TestDelete deletes what was read, and leaves alone what somebody has written
// since: that lists objects that nobody would find any more.
func TestDelete(t *testing.T) {
	parent := func(version, kinds string) *corev1.ConfigMap {
		return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
			Name: ParentName, Namespace: "mesh", UID: "7", ResourceVersion: version,
			Labels:      map[string]string{IDLabel: ID(ParentName, "mesh")},
			Annotations: map[string]string{ToolingAnnotation: tooling, kindsAnnotation: kinds},
		}}
	}
	for _, test := range []struct {
		name  string
		after *corev1.ConfigMap // by the time of the deletion; nil where it is gone
		want  error
		tries int
	}{
		{"as it was", parent("1", "ConfigMap"), nil, 1},
		{"gone", nil, nil, 1},
		{"labelled", parent("2", "ConfigMap"), nil, 2},
		{"written by an install", parent("2", "ConfigMap,Deployment.apps"), ErrChanged, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			current, tries := parent("1", "ConfigMap"), 0
			server := fakeapi.New(t, func(got fakeapi.Request) any {
				if got.Method == http.MethodDelete {
					tries++
					var options metav1.DeleteOptions
					if err := json.Unmarshal([]byte(got.Body), &options); err != nil || options.Preconditions == nil || *options.Preconditions.UID != "7" {
						t.Errorf("it is deleted with %s: %v", got.Body, err)
					} else if current != nil && *options.Preconditions.ResourceVersion != current.ResourceVersion {
						return fakeapi.Failure(http.StatusConflict, metav1.StatusReasonConflict, "no")
					}
				}
				if current == nil {
					return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "no")
				}
				return current
			})
			read := parentOf(t, server)
			if _, _, err := read.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			current = test.after
			if err := read.Delete(t.Context()); !errors.Is(err, test.want) || tries != test.tries {
				t.Errorf("%v, after %d tries", err, tries)
			}
		})
	}
}

// TestFirstWrite creates a parent and replaces none that another install has
// created at the same time.
func TestFirstWrite(t *testing.T) {
	theirs := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
		Name: ParentName, Namespace: "mesh", UID: "8", ResourceVersion: "9",
		Labels: map[string]string{IDLabel: ID(ParentName, "mesh")}, Annotations: map[string]string{ToolingAnnotation: tooling, kindsAnnotation: "Secret"},
	}}
	var current *corev1.ConfigMap
	server := fakeapi.New(t, func(got fakeapi.Request) any {
		switch {
		case got.Method == http.MethodPatch && !strings.Contains(got.Body, `"resourceVersion":"1"`):
			t.Errorf("it would replace any: %s", got.Body)
		case got.Method == http.MethodPatch:
			return fakeapi.Failure(http.StatusConflict, metav1.StatusReasonConflict, "no")
		case current == nil:
			return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "no")
		}
		return current
	})
	parent := parentOf(t, server)
	if _, found, err := parent.Read(t.Context()); found || err != nil {
		t.Fatal(found, err)
	}
	current = theirs
	if err := parent.Write(t.Context(), Record{Kinds: []schema.GroupKind{deployments}}); !errors.Is(err, ErrChanged) {
		t.Errorf("the error is %v", err)
	}
}

func TestCovers(t *testing.T) {
	wide := normal(Record{Kinds: []schema.GroupKind{deployments, configMaps}, Namespaces: []string{"mesh", "extra"}})
	for _, test := range []struct {
		other Record
		want  bool
	}{
		{wide, true},
		{Record{Kinds: []schema.GroupKind{configMaps}, Namespaces: []string{"mesh", ""}}, true},
		{Record{}, true},
		{Record{Kinds: []schema.GroupKind{{Kind: "Secret"}}}, false},
		{Record{Namespaces: []string{"other"}}, false},
	} {
		if got := wide.Covers(test.other); got != test.want {
			t.Errorf("%+v: %t", test.other, got)
		}
	}
}

// TestChangedMeanwhile refuses to overwrite what another install has stored,
// and does not mistake its own for that, of which an answer was lost.
func TestChangedMeanwhile(t *testing.T) {
	for _, test := range []struct {
		name  string
		after string
		want  error
	}{
		{"by another install", "Deployment.apps", ErrChanged},
		{"by this one", "ConfigMap", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			kinds := ""
			server := fakeapi.New(t, func(got fakeapi.Request) any {
				if got.Method == http.MethodPatch {
					if !strings.Contains(got.Body, `"resourceVersion":"5"`) {
						t.Errorf("no version in %s", got.Body)
					}
					kinds = test.after
					return fakeapi.Failure(http.StatusConflict, metav1.StatusReasonConflict, "no")
				}
				return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{
					Name: ParentName, Namespace: "mesh", UID: "7", ResourceVersion: "5",
					Labels:      map[string]string{IDLabel: ID(ParentName, "mesh")},
					Annotations: map[string]string{ToolingAnnotation: tooling, kindsAnnotation: kinds},
				}}
			})
			parent := parentOf(t, server)
			if _, _, err := parent.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			err := parent.Write(t.Context(), Record{Kinds: []schema.GroupKind{{Kind: "ConfigMap"}}, Namespaces: []string{"mesh"}})
			if !errors.Is(err, test.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}

// TestUnreadable passes on what the API server says.
func TestUnreadable(t *testing.T) {
	server := fakeapi.New(t, func(fakeapi.Request) any {
		return fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, "no")
	})
	parent := parentOf(t, server)
	if _, _, err := parent.Read(t.Context()); !apierrors.IsForbidden(err) || err.Error() != "cannot read the inventory, configmap mesh/istio-demo: no" {
		t.Errorf("the error is %v", err)
	}
	if err := parent.Write(t.Context(), Record{}); !apierrors.IsForbidden(err) {
		t.Errorf("the error is %v", err)
	}
}

// parentOf is the parent in namespace mesh of a server.
func parentOf(t *testing.T, server *fakeapi.Server) *Parent {
	t.Helper()
	return &Parent{Client: fakeapi.Client(t, server, corev1client.NewForConfig), Name: ParentName, Namespace: "mesh"}
}
