package install

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
		install := &Install{Sink: func(happened event.Event) {
			if warning, is := happened.(event.Warning); is && strings.Contains(warning.Message, "kubectl delete") {
				messages["helm"] = warning.Message
			}
		}}
		parent := event.Object{Kind: "ConfigMap", Namespace: name, Name: name}
		for i, owned := range []otherOwner{
			{owner: applyset.Owner{Tool: applyset.Helm, Name: name, Namespace: name}},
			{owner: applyset.Owner{Name: name}},
			{owner: applyset.Owner{Name: "the demo in namespace " + name}},
			{owner: applyset.Owner{Tool: applyset.ApplySet, ApplySetID: name}, inventory: otherInventory{parent: parent, tool: applyset.ToolName}},
			{owner: applyset.Owner{Tool: applyset.ApplySet, ApplySetID: name}, inventory: otherInventory{parent: event.Object{Namespace: name, Name: applyset.SamplePrefix + name}, tool: applyset.ToolName}},
			{owner: applyset.Owner{Tool: applyset.ApplySet, ApplySetID: name}, inventory: otherInventory{parent: parent, tool: name}},
		} {
			owned.refs = []event.Object{{Kind: "A", Name: "b"}}
			install.warnOfFormerOwners([]otherOwner{owned})
			if remedy := owned.remedy(); strings.Contains(remedy, "'") {
				messages[fmt.Sprint("remedy", i)] = remedy
			} else if remedy != "remove it with the tool that owns it" {
				t.Errorf("%q: the remedy is %s", name, remedy)
			}
		}
		for what, message := range messages {
			t.Run(what, func(t *testing.T) { pasted.Check(t, name, message) })
		}
	}
}
