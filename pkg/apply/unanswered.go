package apply

import (
	"errors"
	"regexp"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Unanswered is an admission webhook that the API server could not ask about an
// object.
type Unanswered struct {
	// Object is what it was to be asked about, and Webhook its name.
	Object  event.Object
	Webhook string
	// Service is its backend's, "namespace/name"; empty where that is something
	// else.
	Service string
}

// failedCall is how the API server tells of a webhook that it cannot reach, with
// the address of its Service (k8s.io/apiserver, pkg/util/webhook).
var failedCall = regexp.MustCompile(`failed calling webhook "([^"]+)"(?:.*?"https://([a-z0-9-]+)\.([a-z0-9-]+)\.svc[:/])?`)

// unanswered returns the webhook that did not answer, if that is what err says.
func unanswered(target Target, err error) (Unanswered, bool) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return Unanswered{}, false
	}
	said := failedCall.FindStringSubmatch(status.Status().Message)
	if said == nil {
		return Unanswered{}, false
	}
	found := Unanswered{Object: target.Ref, Webhook: said[1]}
	if said[2] != "" {
		found.Service = said[3] + "/" + said[2]
	}
	return found, true
}

// passes reports whether an object counts as unverified that a webhook could not
// be asked about.
func (e *Engine) passes(target Target, err error) bool {
	found, is := unanswered(target, err)
	return is && e.Unanswered != nil && e.Unanswered(found)
}
