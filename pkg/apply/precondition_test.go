package apply

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// meanwhile is a server on which an object appears, or becomes another one,
// after it was observed: it has the object with a UID, none if that is empty, and
// takes an apply as the API server does.
func meanwhile(uid string) func(fakeapi.Request) any {
	return func(got fakeapi.Request) any {
		var sent struct {
			Metadata struct{ UID, ResourceVersion string }
		}
		if got.Method == http.MethodPatch {
			if err := json.Unmarshal([]byte(got.Body), &sent); err != nil {
				return fakeapi.Failure(http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
			}
		}
		switch {
		case got.Method == http.MethodGet && uid == "":
			return fakeapi.Failure(http.StatusNotFound, metav1.StatusReasonNotFound, "not found")
		case got.Method == http.MethodGet:
			return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "istio-system", "uid": uid}}
		case uid == "" && sent.Metadata.UID != "", uid != "" && sent.Metadata.UID != uid:
			return fakeapi.Failure(http.StatusConflict, metav1.StatusReasonConflict, "another object")
		}
		return echo(got)
	}
}

// TestMeanwhile applies to no object that has come since the look, unless it is
// acceptable: an answer that was lost leaves the object that was asked for.
func TestMeanwhile(t *testing.T) {
	theirs := errors.New("created by kubectl meanwhile")
	seen := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{UID: "seen"}}
	for _, test := range []struct {
		name     string
		live     metav1.Object
		uid      string
		accept   error
		want     error
		requests int
	}{
		{"absent still", nil, "", theirs, nil, 1},
		{"created meanwhile", nil, "theirs", theirs, theirs, 2},
		{"created meanwhile by a request of ours", nil, "ours", nil, nil, 3},
		{"the same still", seen, "seen", theirs, nil, 1},
		{"recreated meanwhile", seen, "theirs", theirs, theirs, 2},
		{"deleted meanwhile", seen, "", theirs, nil, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			server, engine := newServer(t, meanwhile(test.uid))
			engine.Accept = func(metav1.Object) error { return test.accept }
			target := deployment("web")
			target.Live = test.live
			results, err := engine.Apply(t.Context(), []Target{target})
			if !errors.Is(err, test.want) || len(results) != map[bool]int{true: 1, false: 0}[test.want == nil] || len(sorted(server)) != test.requests {
				t.Errorf("%+v, %v, %d requests", results, err, len(sorted(server)))
			}
		})
	}
	t.Run("a namespace that is only needed", func(t *testing.T) {
		_, engine := newServer(t, meanwhile("theirs"))
		engine.Accept = func(metav1.Object) error { return theirs }
		results, err := engine.Apply(t.Context(), []Target{namespace("mesh")})
		if err != nil || len(results) != 1 || results[0].Action != event.Unchanged {
			t.Errorf("%+v, %v", results, err)
		}
	})
}

// TestPutBack has the server refuse the new object when the old one is gone.
func TestPutBack(t *testing.T) {
	var created []string
	_, engine := newServer(t, func(got fakeapi.Request) any {
		switch {
		case got.Method == http.MethodGet:
			return map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "web", "namespace": "istio-system", "uid": "1", "resourceVersion": "7", "labels": map[string]any{"old": "yes"}}, "status": map[string]any{}}
		case got.Method == http.MethodPost && got.Query.Get("dryRun") == "":
			created = append(created, got.Body)
		case got.Method == http.MethodPatch && got.Query.Get("dryRun") == "":
			return fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, "a policy of this minute")
		case got.Method == http.MethodPatch:
			return unchangeable("field is immutable")
		}
		return echo(got)
	})
	engine.Recreate = true
	engine.Delete = func(context.Context, Target) error { return nil }
	targets := []Target{deployment("web")}
	targets[0].Live = managedBy(byUs)
	if err := engine.Verify(t.Context(), targets); err != nil {
		t.Fatal(err)
	}
	_, err := engine.Apply(t.Context(), targets)
	const want = "demo.yaml, document 1 (line 1): deployment istio-system/web: a policy of this minute; the old object was restored"
	if err == nil || err.Error() != want || len(created) != 1 || !strings.Contains(created[0], `"old":"yes"`) || strings.Contains(created[0], `"uid"`) {
		t.Errorf("the error is\n%v\nand created was %s", err, created)
	}
}

// TestRecreationRefused deletes nothing where the server would not take the new
// object, and goes on where only the question is not allowed.
func TestRecreationRefused(t *testing.T) {
	for message, refused := range map[string]bool{
		`deployments.apps "web-x" is forbidden: exceeded quota: few`:                                          true,
		`deployments.apps is forbidden: User "jane" cannot create resource "deployments" in API group "apps"`: false,
	} {
		_, engine := newServer(t, func(got fakeapi.Request) any {
			switch got.Method {
			case http.MethodPost:
				return fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, message)
			case http.MethodPatch:
				return unchangeable("field is immutable")
			}
			return echo(got)
		})
		engine.Recreate = true
		targets := []Target{deployment("web")}
		targets[0].Live = managedBy(byUs)
		if err := engine.Verify(t.Context(), targets); (err != nil) != refused {
			t.Errorf("%s: %v", message, err)
		}
	}
}
