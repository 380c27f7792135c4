package install

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// brings reports whether the manifest has the Service of a webhook that does not
// answer: the install brings it back, and must not stop because it is gone.
func (r *resolved) brings(found apply.Unanswered) bool {
	return slices.ContainsFunc(r.targets, func(target apply.Target) bool {
		return found.Service != "" && target.Ref.Kind == "Service" && target.Ref.Path() == found.Service
	})
}

// silence gathers the objects that webhooks could not be asked about.
type silence struct {
	mutex sync.Mutex
	found map[event.Object]apply.Unanswered
}

// note lets every such object pass.
func (s *silence) note(found apply.Unanswered) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.found == nil {
		s.found = map[event.Object]apply.Unanswered{}
	}
	s.found[found.Object] = found
	return true
}

// hides reports whether nobody can tell what would become of an existing object.
func (s *silence) hides(target apply.Target) bool {
	_, is := s.found[target.Ref]
	return is && target.Live != nil
}

// warnOfSilence says which webhooks did not answer, and what is left out because of
// that.
func (i *Install) warnOfSilence(r *resolved, s *silence) {
	hidden, services := map[string][]string{}, map[string]apply.Unanswered{}
	for _, target := range r.targets {
		found, is := s.found[target.Ref]
		if !is {
			continue
		}
		who := cmp.Or(found.Service, found.Webhook)
		services[who] = found
		if target.Live != nil {
			hidden[who] = append(hidden[who], target.Ref.String())
		}
	}
	for _, who := range slices.Sorted(maps.Keys(services)) {
		found := services[who]
		text := fmt.Sprintf("webhook %s does not answer", found.Webhook)
		if found.Service != "" {
			text = fmt.Sprintf("service %s does not answer (webhook %s)", found.Service, found.Webhook)
		}
		if len(hidden[who]) > 0 {
			text += ", so these objects are not compared: " + strings.Join(hidden[who], ", ")
		}
		switch namespace, _, _ := strings.Cut(found.Service, "/"); {
		case r.brings(found):
			text += "; '" + shell.Demo("install", i.Namespace.Name) + "' with the same flags repairs it"
		case found.Service != "":
			text += "; check its pods: kubectl get pods,services" + shell.In(namespace)
		default:
			text += "; check that its backend is running"
		}
		i.Sink(event.Warning{Message: text})
	}
}
