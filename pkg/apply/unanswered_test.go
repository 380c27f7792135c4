package apply

import (
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fakeapi"
)

// TestUnanswered names the webhook and its Service, and refuses the object unless
// it may pass; what is to be stored never does.
func TestUnanswered(t *testing.T) {
	const call = `Internal error occurred: failed calling webhook "validation.istio.io": `
	for message, service := range map[string]string{
		call + `failed to call webhook: Post "https://istiod.istio-system.svc:443/validate?timeout=10s": no endpoints available for service "istiod"`: "istio-system/istiod",
		call + `failed to call webhook: Post "https://hooks.example.com/?timeout=10s": EOF`:                                                           "",
		call + "the server said no": "",
	} {
		_, engine := newServer(t, func(fakeapi.Request) any {
			// Not the code of a server that is asked again.
			return fakeapi.Failure(http.StatusBadRequest, metav1.StatusReasonInternalError, message)
		})
		target := role("edited", managedBy(byPerson))
		engine.DryRun = true
		if _, err := engine.Apply(t.Context(), []Target{target}); err == nil || !strings.Contains(err.Error(), call) {
			t.Errorf("%s: nobody lets it pass, and the error is %v", message, err)
		}
		var told []Unanswered
		engine.Unanswered = func(found Unanswered) bool {
			told = append(told, found)
			return true
		}
		results, err := engine.Apply(t.Context(), []Target{target})
		if err != nil || len(results) != 1 || results[0].Action != event.Unverified {
			t.Errorf("%s: %v, %+v", message, err, results)
		}
		engine.DryRun = false
		if err := engine.Verify(t.Context(), []Target{target}); err != nil {
			t.Errorf("%s: it is refused before the install: %v", message, err)
		}
		if want := (Unanswered{target.Ref, "validation.istio.io", service}); len(told) != 2 || told[0] != want || told[1] != want {
			t.Errorf("%s: told is %+v", message, told)
		}
		if _, err := engine.Apply(t.Context(), []Target{target}); err == nil {
			t.Errorf("%s: it is said to be stored", message)
		}
	}
}
