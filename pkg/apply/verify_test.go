package apply

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// managedBy gives live metadata with entries of these managers.
func managedBy(entries ...metav1.ManagedFieldsEntry) metav1.Object {
	return &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{UID: "1", ResourceVersion: "4", ManagedFields: entries}}
}

var (
	byUs         = metav1.ManagedFieldsEntry{Manager: managedfields.Manager, Operation: metav1.ManagedFieldsOperationApply}
	byPerson     = metav1.ManagedFieldsEntry{Manager: "kubectl-edit", Operation: metav1.ManagedFieldsOperationUpdate}
	byController = metav1.ManagedFieldsEntry{Manager: "pilot-discovery", Operation: metav1.ManagedFieldsOperationUpdate}
	byKubelet    = metav1.ManagedFieldsEntry{Manager: "kubelet", Operation: metav1.ManagedFieldsOperationUpdate, Subresource: "status"}
)

// role is a target of a kind that has no fields that cannot be changed.
func role(name string, live metav1.Object) Target {
	return Target{
		Ref: event.Object{Group: "rbac.authorization.k8s.io", Kind: "Role", Namespace: "istio-system", Name: name},
		Object: &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "rbac.authorization.k8s.io/v1",
			"kind":       "Role",
			"metadata":   map[string]any{"name": name, "namespace": "istio-system"},
		}},
		Resource: schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: "roles"},
		Live:     live,
	}
}

// TestVerifyAsks asks about what the server may refuse, and nothing else, and
// writes nothing.
func TestVerifyAsks(t *testing.T) {
	there := deployment("there")
	there.Live = managedBy(byUs)
	here := namespace("here")
	here.Live = managedBy(byPerson)
	targets := []Target{
		deployment("absent"), there, here,
		role("absent-role", nil), role("ours", managedBy(byUs)), role("edited", managedBy(byUs, byPerson)),
		role("controlled", managedBy(byUs, byController, byKubelet)), role("theirs", managedBy(byPerson)),
	}
	server, engine := newServer(t, echo)
	if err := engine.Verify(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, request := range sorted(server) {
		asked = append(asked, path.Base(request.Path))
		if request.Method != http.MethodPatch || request.Query.Get("dryRun") != "All" {
			t.Errorf("it sends %+v", request)
		}
	}
	if want := []string{"there", "edited", "theirs"}; !slices.Equal(asked, want) {
		t.Errorf("it asks about %v, want %v", asked, want)
	}
	engine.DryRun = true
	if err := engine.Verify(t.Context(), targets); err != nil || len(sorted(server)) != len(asked) {
		t.Errorf("in a dry run it asks, too: %v", err)
	}
}

// unchangeable is the server's answer where a field cannot be changed.
func unchangeable(message string) metav1.Status {
	status := fakeapi.Failure(http.StatusUnprocessableEntity, metav1.StatusReasonInvalid, message)
	status.Details = &metav1.StatusDetails{Causes: []metav1.StatusCause{{Type: metav1.CauseTypeFieldValueInvalid, Message: message, Field: "spec"}}}
	return status
}

// TestVerifyRefused names all that is refused, and recreates what may be.
func TestVerifyRefused(t *testing.T) {
	for _, recreate := range []bool{false, true} {
		server, engine := newServer(t, func(got fakeapi.Request) any {
			switch path.Base(got.Path) {
			case "a":
				if got.Method == http.MethodPatch && got.Query.Get("dryRun") == "All" {
					return unchangeable("Invalid value: field is immutable")
				}
			case "b":
				return fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, "quota")
			case "c":
				return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "gone meanwhile")
			}
			return echo(got)
		})
		targets := []Target{deployment("a"), deployment("b"), deployment("c"), deployment("d")}
		for i := range targets {
			targets[i].Live = managedBy(byUs)
		}
		engine.Recreate = recreate
		err := engine.Verify(t.Context(), targets)
		const b = "demo.yaml, document 1 (line 1): deployment istio-system/b: quota"
		want := b
		if !recreate {
			want = "demo.yaml, document 1 (line 1): deployment istio-system/a: Invalid value: field is immutable; " +
				"delete it ('kubectl delete deployments.apps a -n istio-system'), or recreate it with --recreate-immutable\n" + b
		}
		if err == nil || err.Error() != want {
			t.Errorf("recreate %t: the error is\n%v, want\n%s", recreate, err, want)
		}
		var deleted []string
		engine.Delete = func(_ context.Context, target Target) error {
			deleted = append(deleted, target.Ref.Name)
			return nil
		}
		before := len(sorted(server))
		results, err := engine.Apply(t.Context(), targets[:1])
		requests := map[bool]int{false: 1, true: 2}[recreate] // the old one is read
		if err != nil || len(results) != 1 || slices.Equal(deleted, []string{"a"}) != recreate || len(sorted(server)) != before+requests {
			t.Errorf("recreate %t: %+v, %v, deleted %v", recreate, results, err, deleted)
		}
	}
}

// TestRecreateFails sends nothing where the deletion failed, and nothing but
// the question in a dry run.
func TestRecreateFails(t *testing.T) {
	server, engine := newServer(t, func(got fakeapi.Request) any {
		if got.Method == http.MethodPatch {
			return unchangeable("field is immutable")
		}
		return echo(got)
	})
	engine.Recreate = true
	engine.Delete = func(context.Context, Target) error { return errors.New("it is held") }
	targets := []Target{deployment("a")}
	targets[0].Live = managedBy(byUs)
	if err := engine.Verify(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Apply(t.Context(), targets); err == nil || err.Error() != "demo.yaml, document 1 (line 1): deployment istio-system/a: it is held" || len(sorted(server)) != 3 {
		t.Errorf("the error is %v, %d requests", err, len(sorted(server)))
	}
	engine.DryRun = true
	results, err := engine.Apply(t.Context(), []Target{deployment("a")})
	if err != nil || len(results) != 1 || results[0].Action != event.Unverified {
		t.Errorf("dry run: %+v, %v", results, err)
	}
}

func TestImmutable(t *testing.T) {
	for _, test := range []struct {
		message string
		want    bool
	}{
		{`Invalid value: {"matchLabels":{"a":"b"}}: field is immutable`, true},
		{"Forbidden: field is immutable when `immutable` is set", true},
		{"Invalid value: cannot change roleRef", true},
		{`Invalid value: ["None"]: may not change once set`, true},
		{"Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims", true},
		{"Forbidden: pod updates may not change fields other than `spec.containers[*].image`", true},
		{"Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden", true},
		{"Required value: must be set", false},
		{"Invalid value: must be immutable", false},
	} {
		status := unchangeable(test.message)
		_, engine := newServer(t, func(fakeapi.Request) any { return status })
		_, err := engine.Apply(t.Context(), []Target{deployment("a")})
		if got := strings.Contains(err.Error(), "; delete it ("); got != test.want {
			t.Errorf("%s: %v", test.message, err)
		}
	}
}

// TestRunsAgain makes a Job anew that differs or has failed, and leaves alone
// one that has been done.
func TestRunsAgain(t *testing.T) {
	condition := func(kind string) func(got fakeapi.Request) any {
		return func(got fakeapi.Request) any {
			stored, ok := echo(got).(map[string]any)
			if !ok {
				return echo(got)
			}
			stored["status"] = map[string]any{"conditions": []any{map[string]any{"type": kind, "status": "True"}}}
			return stored
		}
	}
	for _, test := range []struct {
		name      string
		answer    func(fakeapi.Request) any
		runsAgain bool
		want      bool
	}{
		{"done", condition("Complete"), true, false},
		{"failed", condition("Failed"), true, true},
		{"failed, and no hook", condition("Failed"), false, false},
		{"changed", func(got fakeapi.Request) any {
			if got.Method == http.MethodPatch && got.Query.Get("dryRun") == "All" {
				return unchangeable("field is immutable")
			}
			return echo(got)
		}, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, engine := newServer(t, test.answer)
			deleted := false
			engine.Delete = func(context.Context, Target) error {
				deleted = true
				return nil
			}
			job := deployment("once")
			job.Object.SetAPIVersion("batch/v1")
			job.Object.SetKind("Job")
			job.Live, job.RunsAgain = managedBy(byUs), test.runsAgain
			targets := []Target{job}
			if err := engine.Verify(t.Context(), targets); err != nil {
				t.Fatal(err)
			}
			if _, err := engine.Apply(t.Context(), targets); err != nil || deleted != test.want {
				t.Errorf("deleted: %t, error %v", deleted, err)
			}
		})
	}
}
