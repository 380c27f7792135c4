package apply

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

func TestLeaveOut(t *testing.T) {
	for _, test := range []struct{ path, want string }{
		{"spec", `{"a.b":{"c":{"d":1}},"list":[[{"x":1,"y":2}],{"z":3}]}`},
		{"a.b.c.d", `{"a.b":{"c":{}},"list":[[{"x":1,"y":2}],{"z":3}],"spec":1}`},
		{"a.b", `{"list":[[{"x":1,"y":2}],{"z":3}],"spec":1}`},
		{"list[0][0].y", `{"a.b":{"c":{"d":1}},"list":[[{"x":1}],{"z":3}],"spec":1}`},
		{"list[1].z", `{"a.b":{"c":{"d":1}},"list":[[{"x":1,"y":2}],{}],"spec":1}`},
		{"a.b.c.e", ""}, {"list[2].z", ""}, {"list[-1].z", ""}, {"list[0", ""}, {"list[1]", ""}, {"listz", ""}, {"spec.a", ""}, {"", ""}, {".", ""},
	} {
		t.Run(test.path, func(t *testing.T) {
			const whole = `{"a.b":{"c":{"d":1}},"list":[[{"x":1,"y":2}],{"z":3}],"spec":1}`
			var object map[string]any
			if err := json.Unmarshal([]byte(whole), &object); err != nil {
				t.Fatal(err)
			}
			was := leaveOut(object, test.path)
			left, err := json.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			want := test.want
			if want == "" {
				want = whole
			}
			if was != (test.want != "") || string(left) != want {
				t.Errorf("left is %s, removed is %t", left, was)
			}
		})
	}
}

// TestUnknownMayNotAsk has a user who may apply and not create: the refusal of
// the apply stays what is told.
func TestUnknownMayNotAsk(t *testing.T) {
	server, engine := newServer(t, func(got fakeapi.Request) any {
		if got.Method == http.MethodPost {
			return fakeapi.Failure(http.StatusForbidden, metav1.StatusReasonForbidden, "you may not create")
		}
		return fakeapi.Failure(http.StatusInternalServerError, "", "failed to create typed patch object: .spec.a: field not declared in schema")
	})
	engine.Validation = metav1.FieldValidationWarn
	engine.Sink = func(told event.Event) { t.Errorf("it tells %+v", told) }
	_, err := engine.Apply(t.Context(), []Target{deployment("web")})
	if err == nil || !strings.Contains(err.Error(), "web: failed to create typed patch object") || strings.Contains(err.Error(), "--validate") {
		t.Errorf("the error is %v", err)
	}
	methods := []string{}
	for _, request := range sorted(server) {
		methods = append(methods, request.Method)
		if request.Method == http.MethodPost && !slices.Equal(request.Query["dryRun"], []string{"All"}) {
			t.Errorf("it writes: %v", request.Query)
		}
	}
	if slices.Sort(methods); !slices.Equal(methods, []string{http.MethodPatch, http.MethodPost}) {
		t.Errorf("the requests are %v", methods)
	}
}
