package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// miscWarning is the only code of a Warning header that the API server uses
// (KEP-1693, from RFC 7234).
const miscWarning = 299

// warnings collects what an API server warns of: the same is said of many
// objects, and again at each request.
type warnings struct {
	mutex sync.Mutex
	texts []string
	// about are the objects that a text was said of.
	about map[string][]event.Object
}

// HandleWarningHeaderWithContext takes in one warning of a response.
func (w *warnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _, text string) {
	if code != miscWarning || text == "" {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.about == nil {
		w.about = map[string][]event.Object{}
	}
	if !slices.Contains(w.texts, text) {
		w.texts = append(w.texts, text)
	}
	if object, known := apply.Applied(ctx); known && !slices.Contains(w.about[text], object) {
		w.about[text] = append(w.about[text], object)
	}
}

// TellWarnings tells what the API server has warned of since the last time,
// each warning once, sorted.
func (c *Cluster) TellWarnings(sink event.Sink) {
	c.warnings.mutex.Lock()
	defer c.warnings.mutex.Unlock()
	slices.Sort(c.warnings.texts)
	for _, text := range c.warnings.texts {
		sink(event.Warning{Message: warningLine(text, c.warnings.about[text])})
	}
	c.warnings.texts, c.warnings.about = nil, nil
}

// warningLine names the first object, by name, and says how many more there
// are.
func warningLine(text string, about []event.Object) string {
	text = "the API server says: " + strings.Join(strings.Fields(text), " ")
	if len(about) == 0 {
		return text
	}
	first := slices.MinFunc(about, func(a, b event.Object) int { return strings.Compare(a.String(), b.String()) }).String()
	switch more := len(about) - 1; more {
	case 0:
	case 1:
		first += " and 1 more object"
	default:
		first += fmt.Sprintf(" and %d more objects", more)
	}
	return first + ": " + text
}
