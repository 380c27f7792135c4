package demo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in what users are told.
func TestPastedInstall(t *testing.T) {
	for _, name := range pasted.Names {
		messages := map[string]string{}
		install := &Install{Sink: func(happened event.Event) {
			if warning, is := happened.(event.Warning); is && strings.Contains(warning.Message, "kubectl delete") {
				messages["helm"] = warning.Message
			}
		}}
		parent := event.Object{Kind: "ConfigMap", Namespace: name, Name: name}
		for i, owned := range []property{
			{owner: ownership.Owner{Tool: ownership.Helm, Name: name, Namespace: name}},
			{owner: ownership.Owner{Name: name}},
			{owner: ownership.Owner{Name: "the demo in namespace " + name}},
			{owner: ownership.Owner{Tool: ownership.ApplySet, Set: name}, set: inventorySet{parent: parent, tool: inventory.Tool}},
			{owner: ownership.Owner{Tool: ownership.ApplySet, Set: name}, set: inventorySet{parent: event.Object{Namespace: name, Name: samplePrefix + name}, tool: inventory.Tool}},
			{owner: ownership.Owner{Tool: ownership.ApplySet, Set: name}, set: inventorySet{parent: parent, tool: name}},
		} {
			owned.refs = []event.Object{{Kind: "A", Name: "b"}}
			install.warnOfFormerOwners([]property{owned})
			if remedy := owned.remedy(); strings.Contains(remedy, "'") {
				messages[fmt.Sprint("remedy", i)] = remedy
			} else if remedy != "take it away with the tool that owns it" {
				t.Errorf("%q: the remedy is %s", name, remedy)
			}
		}
		for what, message := range messages {
			t.Run(what, func(t *testing.T) { pasted.Check(t, name, message) })
		}
	}
}
