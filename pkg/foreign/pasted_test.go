package foreign

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in what users are told.
func TestPasted(t *testing.T) {
	for _, name := range pasted.Names {
		messages := map[string]string{}
		parent := event.Object{Kind: "ConfigMap", Namespace: name, Name: name}
		for i, owned := range []Holder{
			{Owner: applyset.Owner{Tool: applyset.Helm, Name: name, Namespace: name}},
			{Owner: applyset.Owner{Name: name}},
			{Owner: applyset.Owner{Name: "the demo in namespace " + name}},
			{Owner: applyset.Owner{Tool: applyset.ApplySet, ApplySetID: name}, inventory: inventory{parent: parent, tool: applyset.ToolName}},
			{Owner: applyset.Owner{Tool: applyset.ApplySet, ApplySetID: name}, inventory: inventory{parent: event.Object{Namespace: name, Name: applyset.SamplePrefix + name}, tool: applyset.ToolName}},
			{Owner: applyset.Owner{Tool: applyset.ApplySet, ApplySetID: name}, inventory: inventory{parent: parent, tool: name}},
		} {
			owned.Refs = []event.Object{{Kind: "A", Name: "b"}}
			if adopted := owned.Adopted(); strings.Contains(adopted, "kubectl delete") {
				messages["helm"] = adopted
			}
			if remedy := owned.remedy(false); strings.Contains(remedy, "'") {
				messages[fmt.Sprint("remedy", i)] = remedy
			} else if remedy != "adopt it with --adopt; only if it is yours, remove it with the tool that owns it" {
				t.Errorf("%q: the remedy is %s", name, remedy)
			}
		}
		for what, message := range messages {
			t.Run(what, func(t *testing.T) { pasted.Check(t, name, message) })
		}
	}
}
