package apply

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// stored answers as the server does: with the metadata only, where only these
// are asked for.
func stored(got fakeapi.Request) any {
	if strings.Contains(got.Header.Get("Accept"), "as=PartialObjectMetadata") {
		return &metav1.PartialObjectMetadata{
			TypeMeta:   metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
			ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "1", ResourceVersion: "4"},
		}
	}
	return map[string]any{
		"apiVersion": "apps/v1",
		"kind":       "Deployment",
		"metadata":   map[string]any{"name": "a", "uid": "1", "resourceVersion": "4"},
		"spec":       map[string]any{"replicas": 1},
	}
}

func TestObserve(t *testing.T) {
	for _, test := range []struct {
		name   string
		target Target
		dryRun bool
		// whole tells whether the object's content is needed.
		whole bool
	}{
		{"apply", deployment("a"), false, false},
		{"dry run", deployment("a"), true, true},
		{"if absent", namespace("a"), false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, engine := newServer(t, stored)
			engine.DryRun = test.dryRun
			targets := []Target{test.target}
			if err := engine.Observe(t.Context(), targets); err != nil {
				t.Fatal(err)
			}
			requests := sorted(server)
			if len(requests) != 1 || requests[0].Method != http.MethodGet || !strings.HasSuffix(requests[0].Path, "/a") {
				t.Fatalf("the requests are %+v", requests)
			}
			if targets[0].Live == nil || targets[0].Live.GetUID() != "1" || targets[0].Live.GetResourceVersion() != "4" {
				t.Errorf("observed %v", targets[0].Live)
			}
			if _, whole := targets[0].Live.(*unstructured.Unstructured); whole != test.whole {
				t.Errorf("observed a %T", targets[0].Live)
			}
		})
	}
}

func TestObserveErrors(t *testing.T) {
	missing := fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "not found")
	forbidden := fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, "you may not")
	for _, test := range []struct {
		name   string
		target Target
		answer metav1.Status
		hidden bool
		want   string
	}{
		{"absent", deployment("a"), missing, false, ""},
		{"if absent, and it is", namespace("a"), missing, false, ""},
		{"forbidden", deployment("a"), forbidden, false, "cannot read deployment istio-system/a: you may not"},
		// Whoever may not look at a namespace may still work in it.
		{"if absent, forbidden", namespace("a"), forbidden, true, ""},
		{"broken", namespace("a"), fakeapi.Failure(http.StatusInternalServerError, metav1.StatusReasonInternalError, "etcd is gone"), false, "cannot read namespace a: etcd is gone"},
	} {
		for _, dryRun := range []bool{false, true} {
			t.Run(test.name, func(t *testing.T) {
				_, engine := newServer(t, func(fakeapi.Request) any { return test.answer })
				engine.DryRun = dryRun
				targets := []Target{test.target}
				err := engine.Observe(t.Context(), targets)
				switch {
				case test.want == "" && err != nil:
					t.Error(err)
				case test.want != "" && (err == nil || err.Error() != test.want):
					t.Errorf("the error is %v, want %s", err, test.want)
				case test.want != "" && apierrors.ReasonForError(err) != test.answer.Reason:
					t.Errorf("the reason of %v is lost", err)
				}
				if targets[0].Hidden != test.hidden || targets[0].Live != nil {
					t.Errorf("hidden %t, observed %v", targets[0].Hidden, targets[0].Live)
				}
			})
		}
	}
}

// TestObserveAll asks about every target, and each answer finds its own.
func TestObserveAll(t *testing.T) {
	server, engine := newServer(t, func(got fakeapi.Request) any {
		if strings.HasSuffix(got.Path, "/b") {
			return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "not found")
		}
		return stored(got)
	})
	targets := []Target{deployment("a"), deployment("b"), deployment("c")}
	if err := engine.Observe(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	if n := len(sorted(server)); n != 3 {
		t.Errorf("%d requests", n)
	}
	if targets[0].Live == nil || targets[1].Live != nil || targets[2].Live == nil {
		t.Errorf("observed %v, %v, %v", targets[0].Live, targets[1].Live, targets[2].Live)
	}
}

// TestObserveMany asks for nothing in a namespace that does not exist, but for
// whether its kind is served.
func TestObserveMany(t *testing.T) {
	for _, there := range []bool{true, false} {
		server, engine := newServer(t, func(got fakeapi.Request) any {
			if there || !strings.HasSuffix(got.Path, "/namespaces/many") {
				return stored(got)
			}
			return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "no")
		})
		targets := []Target{namespace("many"), namespace("other")}
		for n := range many {
			target := deployment(fmt.Sprint(n))
			target.Ref.Namespace = "many"
			targets = append(targets, target)
		}
		if err := engine.Observe(t.Context(), targets); err != nil {
			t.Fatal(err)
		}
		want := len(targets)
		if !there {
			want = 2 + 1
		}
		if got := len(sorted(server)); got != want {
			t.Errorf("with the namespace %t: %d requests, not %d", there, got, want)
		}
		if there != (targets[len(targets)-1].Live != nil) {
			t.Errorf("with the namespace %t: %v", there, targets[len(targets)-1].Live)
		}
	}
}
