package apply

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// fields makes an entry own some.
func fields(entry metav1.ManagedFieldsEntry, owned string) metav1.ManagedFieldsEntry {
	entry.FieldsType, entry.APIVersion = "FieldsV1", "apps/v1"
	entry.FieldsV1 = metav1.NewFieldsV1(owned)
	return entry
}

// TestTakeOver makes all fields ours before the apply, so that the apply
// removes what the manifest does not have; those of controllers and of the
// status stay theirs.
func TestTakeOver(t *testing.T) {
	applied := metav1.ManagedFieldsEntry{Manager: "argocd", Operation: metav1.ManagedFieldsOperationApply}
	for _, test := range []struct {
		name    string
		entries []metav1.ManagedFieldsEntry
		// want are the managers in the end, and what is ours; empty where
		// nothing has to be patched.
		want, ours string
	}{
		{"a person's", []metav1.ManagedFieldsEntry{fields(byPerson, `{"f:data":{"f:a":{}}}`)}, "kubectl-istio-demo Apply", `{"f:data":{"f:a":{}}}`},
		{"somebody's who applied", []metav1.ManagedFieldsEntry{fields(applied, `{"f:data":{"f:a":{}}}`)}, "kubectl-istio-demo Apply", `{"f:data":{"f:a":{}}}`},
		{"several, and ours", []metav1.ManagedFieldsEntry{
			fields(byUs, `{"f:data":{"f:c":{}}}`), fields(applied, `{"f:data":{"f:a":{}}}`), fields(byPerson, `{"f:data":{"f:b":{}}}`),
		}, "kubectl-istio-demo Apply", `{"f:data":{"f:a":{},"f:b":{},"f:c":{}}}`},
		{"with a controller's", []metav1.ManagedFieldsEntry{
			fields(byController, `{"f:data":{"f:x":{}}}`), fields(byKubelet, `{"f:status":{}}`), fields(byPerson, `{"f:data":{"f:a":{}}}`),
		}, "pilot-discovery Update, kubelet Update, kubectl-istio-demo Apply", `{"f:data":{"f:a":{}}}`},
		{"only controllers'", []metav1.ManagedFieldsEntry{fields(byController, `{"f:data":{"f:x":{}}}`)}, "", ""},
		{"nobody's", nil, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, engine := newServer(t, func(got fakeapi.Request) any {
				if got.Header.Get("Content-Type") == "application/apply-patch+yaml" {
					return echo(got)
				}
				return adoptable(test.entries)
			})
			target := deployment("a")
			target.Live, target.Adopt = managedBy(test.entries...), true
			if _, err := engine.Apply(t.Context(), []Target{target}); err != nil {
				t.Fatal(err)
			}
			var patched, ours string
			for _, request := range sorted(server) {
				switch request.Header.Get("Content-Type") {
				case "application/json-patch+json":
					patched, ours = managers(t, request.Body)
				case "application/apply-patch+yaml":
					if request.Query.Get("force") != "true" {
						t.Errorf("it applies with %v", request.Query)
					}
				}
			}
			if patched != test.want || ours != test.ours {
				t.Errorf("the managers are %q, ours %s, want %q, %s", patched, ours, test.want, test.ours)
			}
		})
	}
}

func adoptable(entries []metav1.ManagedFieldsEntry) any {
	return &metav1.PartialObjectMetadata{
		TypeMeta:   metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadata"},
		ObjectMeta: metav1.ObjectMeta{Name: "a", Namespace: "istio-system", UID: "1", ResourceVersion: "4", ManagedFields: entries},
	}
}

// managers reads a JSON patch of managedFields. It has to hold the version
// that was looked at.
func managers(t *testing.T, patch string) (names, ours string) {
	t.Helper()
	var steps []struct {
		Path  string          `json:"path"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal([]byte(patch), &steps); err != nil || len(steps) != 2 || steps[1].Path != "/metadata/resourceVersion" || string(steps[1].Value) != `"4"` {
		t.Fatalf("the patch is %s (%v)", patch, err)
	}
	var entries []metav1.ManagedFieldsEntry
	if err := json.Unmarshal(steps[0].Value, &entries); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, entry := range entries {
		all = append(all, entry.Manager+" "+string(entry.Operation))
		if entry.Manager == managedfields.Manager {
			ours = entry.FieldsV1.GetRawString()
		}
	}
	return strings.Join(all, ", "), ours
}

// TestTakeOverAgain looks again where somebody writes in between, and gives up
// in the end.
func TestTakeOverAgain(t *testing.T) {
	for _, test := range []struct {
		conflicts int
		want      string
	}{
		{2, ""},
		{100, "demo.yaml, document 1 (line 1): deployment istio-system/a: cannot take over its fields: somebody writes"},
	} {
		patches := 0
		_, engine := newServer(t, func(got fakeapi.Request) any {
			if got.Header.Get("Content-Type") == "application/apply-patch+yaml" {
				return echo(got)
			}
			if got.Method == http.MethodPatch {
				if patches++; patches <= test.conflicts {
					return fakeapi.Failure(http.StatusConflict, metav1.StatusReasonConflict, "somebody\nwrites")
				}
			}
			return adoptable([]metav1.ManagedFieldsEntry{fields(byPerson, `{"f:data":{"f:a":{}}}`)})
		})
		target := deployment("a")
		target.Live, target.Adopt = managedBy(byPerson), true
		results, err := engine.Apply(t.Context(), []Target{target})
		if (err == nil) != (test.want == "") || err != nil && (err.Error() != test.want || len(results) != 0) {
			t.Errorf("%d conflicts: %v", test.conflicts, err)
		}
	}
}

// TestTakeOverGone creates what somebody has deleted meanwhile.
func TestTakeOverGone(t *testing.T) {
	_, engine := newServer(t, func(got fakeapi.Request) any {
		if got.Method == http.MethodGet {
			return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "gone")
		}
		return echo(got)
	})
	target := deployment("a")
	target.Live, target.Adopt = managedBy(byPerson), true
	if results, err := engine.Apply(t.Context(), []Target{target}); err != nil || len(results) != 1 {
		t.Errorf("%+v, %v", results, err)
	}
}
