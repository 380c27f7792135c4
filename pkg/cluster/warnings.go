package cluster

import (
	"context"
	"fmt"
	"maps"
	"regexp"
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
// objects and of several items of a list, and again at each request.
type warnings struct {
	mutex sync.Mutex
	// said are the texts, by what is left of them without the positions in
	// lists.
	said map[string]*warned
}

// warned is one warning, as it was said in the end, and the objects that it was
// said of.
type warned struct {
	text  string
	about []event.Object
}

// position is where in a list something is: "containers[1]".
var position = regexp.MustCompile(`\[[0-9]+\]`)

// HandleWarningHeaderWithContext takes in one warning of a response.
func (w *warnings) HandleWarningHeaderWithContext(ctx context.Context, code int, _, text string) {
	if code != miscWarning || text == "" {
		return
	}
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if w.said == nil {
		w.said = map[string]*warned{}
	}
	everywhere := position.ReplaceAllLiteralString(text, "[*]")
	one := w.said[everywhere]
	switch {
	case one == nil:
		one = &warned{text: text}
		w.said[everywhere] = one
	case one.text != text:
		one.text = everywhere
	}
	if object, known := apply.Applied(ctx); known && !slices.Contains(one.about, object) {
		one.about = append(one.about, object)
	}
}

// TellWarnings tells what the API server has warned of since the last time,
// each warning once, sorted.
func (c *Cluster) TellWarnings(sink event.Sink) {
	c.warnings.mutex.Lock()
	defer c.warnings.mutex.Unlock()
	for _, everywhere := range slices.Sorted(maps.Keys(c.warnings.said)) {
		one := c.warnings.said[everywhere]
		sink(event.Warning{Message: warningLine(one.text, one.about)})
	}
	c.warnings.said = nil
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
