package redact

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// TestEventsHoldNoCredentials has every event that can repeat a URL or an error
// do so.
func TestEventsHoldNoCredentials(t *testing.T) {
	const text = `Get "https://user:S3CR3T@example.com/x?token=S3CR3T": no`
	for _, e := range []event.Event{
		event.Started{What: text, Server: "https://S3CR3T@example.com"}, event.Uninstalling{What: text, Server: "https://S3CR3T@example.com"},
		event.Warning{Message: text}, event.Kept{Why: text}, event.Waiting{Message: text}, event.Retrying{Reason: text}, event.ForwardBroken{Why: text},
	} {
		var got string
		Sink(func(e event.Event) { got = fmt.Sprintf("%T %+[1]v", e) })(e)
		if strings.Contains(got, "S3CR3T") || !strings.HasPrefix(got, fmt.Sprintf("%T", e)) || !strings.Contains(got, "https://example.com") {
			t.Errorf("the event is %s", got)
		}
	}
}
