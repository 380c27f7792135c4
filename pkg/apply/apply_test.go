package apply

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// TestApplyRequest looks at what goes over the wire.
func TestApplyRequest(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Engine)
		want   url.Values
	}{
		{"default", func(*Engine) {}, url.Values{"fieldManager": {"kubectl-istio-demo"}, "force": {"false"}, "fieldValidation": {"Ignore"}}},
		{"force", func(e *Engine) { e.Force = true }, url.Values{"fieldManager": {"kubectl-istio-demo"}, "force": {"true"}, "fieldValidation": {"Ignore"}}},
		{"dry run", func(e *Engine) { e.DryRun = true }, url.Values{"fieldManager": {"kubectl-istio-demo"}, "force": {"false"}, "dryRun": {"All"}, "fieldValidation": {"Ignore"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, engine := newServer(t, echo)
			test.change(engine)
			target := deployment("istiod")
			if _, err := engine.Apply(t.Context(), []Target{target, namespace("istio-system")}); err != nil {
				t.Fatal(err)
			}
			requests := sorted(server)
			if len(requests) != 2 || requests[0].Path != "/api/v1/namespaces/istio-system" ||
				requests[1].Path != "/apis/apps/v1/namespaces/istio-system/deployments/istiod" {
				t.Fatalf("the requests are %+v", requests)
			}
			for _, request := range requests {
				if request.Method != http.MethodPatch || request.Header.Get("Content-Type") != "application/apply-patch+yaml" {
					t.Errorf("%s %s has content type %s", request.Method, request.Path, request.Header.Get("Content-Type"))
				}
				if !reflect.DeepEqual(request.Query, test.want) {
					t.Errorf("%s asks with %v, want %v", request.Path, request.Query, test.want)
				}
			}
			var body unstructured.Unstructured
			if err := json.Unmarshal([]byte(requests[1].Body), &body); err != nil {
				t.Fatal(err)
			}
			if body.GetResourceVersion() != "1" {
				t.Errorf("what is absent is not only created: %s", requests[1].Body)
			}
			body.SetResourceVersion("")
			if !reflect.DeepEqual(body.Object, target.Object.Object) {
				t.Errorf("the body is %s", requests[1].Body)
			}
		})
	}
}

// TestApplySends knows when there is nothing to ask the server for.
func TestApplySends(t *testing.T) {
	here := namespace("here")
	here.Live = &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "here", "uid": "7"}}}
	unverifiable := deployment("later")
	unverifiable.Unverifiable = true
	same := deployment("same")
	same.Live = asStored(same.Object)
	for _, test := range []struct {
		name     string
		target   Target
		dryRun   bool
		requests int
		want     event.Action
	}{
		{"if absent, and it is", namespace("there"), false, 1, event.Created},
		{"if absent, and it is there", here, false, 0, event.Unchanged},
		{"if absent, and it is there, dry run", here, true, 0, event.Unchanged},
		// All of it is known, and the server is asked all the same.
		{"there, dry run", same, true, 1, event.Unchanged},
		{"unverifiable", unverifiable, false, 1, event.Created},
		{"unverifiable, dry run", unverifiable, true, 0, event.Unverified},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, engine := newServer(t, echo)
			engine.DryRun = test.dryRun
			var events []event.Event
			engine.Sink = func(e event.Event) { events = append(events, e) }
			results, err := engine.Apply(t.Context(), []Target{test.target})
			if err != nil {
				t.Fatal(err)
			}
			if n := len(sorted(server)); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
			if len(results) != 1 || results[0].Action != test.want || results[0].Ref != test.target.Ref || results[0].Stored == nil {
				t.Errorf("the results are %+v, want %s", results, test.want)
			}
			if want := []event.Event{event.Applied{Object: test.target.Ref, Action: test.want}}; !reflect.DeepEqual(events, want) {
				t.Errorf("the events are %+v, want %+v", events, want)
			}
		})
	}
}

// TestApplyResults has the last of the targets answered first.
func TestApplyResults(t *testing.T) {
	targets := []Target{deployment("a"), deployment("b"), deployment("c")}
	lastAnswered := make(chan struct{})
	_, engine := newServer(t, func(got fakeapi.Request) any {
		if strings.HasSuffix(got.Path, "/c") {
			return echo(got)
		}
		<-lastAnswered
		return echo(got)
	})
	var once sync.Once
	engine.Sink = func(e event.Event) {
		once.Do(func() {
			if e.(event.Applied).Object.Name != "c" {
				t.Errorf("the first event is %+v", e)
			}
			close(lastAnswered)
		})
	}
	results, err := engine.Apply(t.Context(), targets)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, result := range results {
		order = append(order, result.Ref.Name)
		if result.Stored.GetResourceVersion() != "5" {
			t.Errorf("%s is not what the server stored: %v", result.Ref, result.Stored)
		}
	}
	if !slices.Equal(order, []string{"a", "b", "c"}) {
		t.Errorf("the results are in the order %v", order)
	}
}

// TestApplyRefused gives what was stored besides what was not.
func TestApplyRefused(t *testing.T) {
	_, engine := newServer(t, func(got fakeapi.Request) any {
		if strings.HasSuffix(got.Path, "/b") {
			return fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, `deployments.apps "b" is forbidden:`+"\n  exceeded quota")
		}
		return echo(got)
	})
	var mutex sync.Mutex
	var applied []string
	engine.Sink = func(e event.Event) {
		mutex.Lock()
		defer mutex.Unlock()
		applied = append(applied, e.(event.Applied).Object.Name)
	}
	results, err := engine.Apply(t.Context(), []Target{deployment("a"), deployment("b")})
	want := `demo.yaml, document 1 (line 1): deployment istio-system/b: deployments.apps "b" is forbidden: exceeded quota`
	if err == nil || err.Error() != want || !apierrors.IsForbidden(err) {
		t.Errorf("the error is\n%v, want\n%s", err, want)
	}
	if len(results) != 1 || results[0].Ref.Name != "a" || !slices.Equal(applied, []string{"a"}) {
		t.Errorf("the results are %+v, the events tell of %v", results, applied)
	}
}

// live is an object of a uid and a resourceVersion.
func live(uid, version string, labels map[string]any) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"name": "a", "uid": uid, "resourceVersion": version},
		"spec":     map[string]any{"replicas": int64(1)},
	}}
	if labels != nil {
		object.Object["metadata"].(map[string]any)["labels"] = labels
	}
	return object
}

func TestAction(t *testing.T) {
	metadataOf := func(uid, version string) metav1.Object {
		object := live(uid, version, nil)
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{UID: object.GetUID(), ResourceVersion: version}}
	}
	counted := live("1", "5", nil)
	counted.SetGeneration(3)
	counted.SetManagedFields([]metav1.ManagedFieldsEntry{{Manager: "kubectl-istio-demo"}})
	scaled := live("1", "5", nil)
	scaled.Object["spec"] = map[string]any{"replicas": int64(2)}
	// generation gives an object of a generation, as it was or is.
	generation := func(number int64, version string, annotations map[string]string) *unstructured.Unstructured {
		object := live("1", version, nil)
		object.SetGeneration(number)
		object.SetAnnotations(annotations)
		return object
	}
	was := func(object *unstructured.Unstructured) metav1.Object {
		return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			UID: object.GetUID(), ResourceVersion: object.GetResourceVersion(), Generation: object.GetGeneration(), Annotations: object.GetAnnotations(),
		}}
	}
	for _, test := range []struct {
		name   string
		before metav1.Object
		after  *unstructured.Unstructured
		want   event.Action
	}{
		{"a controller wrote the status", was(generation(2, "4", nil)), generation(2, "5", nil), event.Unchanged},
		{"and an annotation", was(generation(2, "4", nil)), generation(2, "5", map[string]string{"revision": "1"}), event.Unchanged},
		{"an annotation changed", was(generation(2, "4", map[string]string{"a": "b"})), generation(2, "5", map[string]string{"a": "c"}), event.Configured},
		{"an annotation went", was(generation(2, "4", map[string]string{"a": "b"})), generation(2, "5", nil), event.Configured},
		{"the spec changed", was(generation(2, "4", nil)), generation(3, "5", nil), event.Configured},
		{"absent", nil, live("1", "5", nil), event.Created},
		{"deleted and made again", metadataOf("1", "4"), live("2", "5", nil), event.Created},
		{"another version", metadataOf("1", "4"), live("1", "5", nil), event.Configured},
		{"same version", metadataOf("1", "5"), live("1", "5", nil), event.Unchanged},
		// The metadata do not tell, and need not: the version would differ.
		{"same version, other label", metadataOf("1", "5"), live("1", "5", map[string]any{"a": "b"}), event.Unchanged},
		{"dry run, same", live("1", "5", nil), live("1", "5", nil), event.Unchanged},
		{"dry run, counted by the server", live("1", "5", nil), counted, event.Unchanged},
		{"dry run, other label", live("1", "5", nil), live("1", "5", map[string]any{"a": "b"}), event.Configured},
		{"dry run, other spec", live("1", "5", nil), scaled, event.Configured},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := action(test.before, test.after); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
	if counted.GetGeneration() != 3 || len(counted.GetManagedFields()) != 1 {
		t.Errorf("comparing changed the object to %v", counted.Object)
	}
}
