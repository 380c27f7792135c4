package progress

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

const (
	istiodJSON = `{"group":"apps","kind":"Deployment","namespace":"istio-system","name":"istiod"}`
	istioJSON  = `{"group":"","kind":"ConfigMap","namespace":"istio-system","name":"istio"}`
)

// goldens are the events and what is printed of them, behind the time.
var goldens = []struct {
	event event.Event
	want  string
}{
	{event.Started{What: "demo", Objects: 46, Namespace: "mesh", Server: "https://a", DryRun: event.DryRunNone}, `"event":"started","what":"demo","count":46,"namespace":"mesh","server":"https://a","dryRun":"none"`},
	{event.Checked{}, `"event":"checked"`},
	{event.WaveStarted{Number: 1, Waves: 5, Title: "namespaces", Objects: 2}, `"event":"waveStarted","number":1,"waves":5,"title":"namespaces","count":2`},
	{event.Applied{Object: deployment, Action: event.Created}, `"event":"applied","object":` + istiodJSON + `,"action":"created"`},
	{event.Applied{Object: configMap, Action: event.Unverified}, `"event":"applied","object":` + istioJSON + `,"action":"unverified"`},
	{event.WaveFinished{Number: 1}, `"event":"waveFinished","number":1`},
	{event.Stopped{Applied: 3, Objects: 46}, `"event":"stopped","applied":3,"count":46`},
	{event.Leftover{Objects: []event.Object{configMap}, Prune: true}, `"event":"leftover","objects":[` + istioJSON + `],"prune":true`},
	{event.Upgraded{Objects: 2, Release: "1.37", Changes: []event.VersionChange{{Kind: "Ingress", From: "extensions/v1beta1", To: "networking.k8s.io/v1", Objects: 2}}}, `"event":"upgraded","count":2,"release":"1.37","changes":[{"kind":"Ingress","from":"extensions/v1beta1","to":"networking.k8s.io/v1","count":2}]`},
	{event.Upgraded{}, `"event":"upgraded","count":0,"release":"","changes":[]`},
	{event.Recreating{Objects: []event.Object{deployment}}, `"event":"recreating","objects":[` + istiodJSON + `]`},
	{event.Purging{}, `"event":"purging","objects":[]`},
	{event.Uninstalling{What: "demo", Objects: 46, Namespace: "mesh", Server: "https://a", DryRun: event.DryRunServer}, `"event":"uninstalling","what":"demo","count":46,"namespace":"mesh","server":"https://a","dryRun":"server"`},
	{event.RemovalStarted{Number: 1, Steps: 6, Title: "workloads", Objects: 3}, `"event":"removalStarted","number":1,"steps":6,"title":"workloads","count":3`},
	{event.Removed{Object: deployment}, `"event":"removed","object":` + istiodJSON},
	{event.Going{Object: deployment}, `"event":"going","object":` + istiodJSON + `,"finalizers":[]`},
	{event.Going{Object: deployment, Finalizers: []string{"a/b"}}, `"event":"going","object":` + istiodJSON + `,"finalizers":["a/b"]`},
	{event.RemovalFinished{Number: 1}, `"event":"removalFinished","number":1`},
	{event.Kept{Object: configMap, Why: "it is yours"}, `"event":"kept","object":` + istioJSON + `,"why":"it is yours"`},
	{event.Uninstalled{Removed: 46, Kept: 1, DryRun: event.DryRunNone, Took: 1234567 * time.Microsecond}, `"event":"uninstalled","removed":46,"kept":1,"dryRun":"none","seconds":1.235`},
	{event.AwaitingReadiness{Objects: 3}, `"event":"awaitingReadiness","count":3`},
	{event.Waiting{Object: deployment, Message: "Available: 0/1"}, `"event":"waiting","object":` + istiodJSON + `,"message":"Available: 0/1"`},
	{event.Diagnosed{Object: deployment, Findings: []event.Finding{{What: "a <b>", Logs: []string{"x"}, Event: "c", Next: "d"}, {}}}, `"event":"diagnosed","object":` + istiodJSON + `,"findings":[{"what":"a <b>","logs":["x"],"event":"c","next":"d"},{"what":"","logs":[],"event":"","next":""}]`},
	{event.Ready{Object: deployment}, `"event":"ready","object":` + istiodJSON},
	{event.Retrying{Reason: "503"}, `"event":"retrying","reason":"503"`},
	{event.Warning{Message: "größer \x1b[2J\u202e"}, `"event":"warning","message":"größer \u001b[2J\u202e"`},
	{event.Finished{Counts: map[event.Action]int{event.Created: 3, event.Planned: 2}, Configured: []event.Object{deployment}, DryRun: event.DryRunNone, Took: time.Second}, `"event":"finished","counts":{"created":3,"planned":2},"configured":[` + istiodJSON + `],"dryRun":"none","seconds":1`},
}

// printed returns what JSON prints at the beginning of synctest's time.
func printed(t *testing.T, print func(*JSON)) string {
	t.Helper()
	var out strings.Builder
	synctest.Test(t, func(*testing.T) { print(NewJSON(&out)) })
	return out.String()
}

func TestJSON(t *testing.T) {
	for _, golden := range goldens {
		want := `{"time":"2000-01-01T00:00:00Z",` + golden.want + "}\n"
		if got := printed(t, func(j *JSON) { j.Sink(golden.event) }); got != want {
			t.Errorf("%T is\n%s and not\n%s", golden.event, got, want)
		}
	}
	got := printed(t, func(j *JSON) {
		j.Remark("one\ntwo\n")
		j.Ask("really?")
		j.Fail("error: one\nerror: two", 3)
		j.Close()
	})
	const want = `{"time":"2000-01-01T00:00:00Z","event":"remark","message":"one"}
{"time":"2000-01-01T00:00:00Z","event":"remark","message":"two"}
{"time":"2000-01-01T00:00:00Z","event":"error","message":"one\ntwo","exitCode":3}
`
	if got != want {
		t.Errorf("the rest is\n%s and not\n%s", got, want)
	}
}

// TestJSONKnowsAll finds the types of package event in its source: each has a
// form, a golden, and is in the fuzz tests.
func TestJSONKnowsAll(t *testing.T) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "../event/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, declared := range parsed.Decls {
		if method, ok := declared.(*ast.FuncDecl); ok && method.Recv != nil && method.Name.Name == "event" {
			types = append(types, fmt.Sprint(method.Recv.List[0].Type))
		}
	}
	if len(types) < 20 {
		t.Fatalf("only %d types were found", len(types))
	}
	of := func(e event.Event) string { return reflect.TypeOf(e).Name() }
	var golden, fuzzed []string
	for _, g := range goldens {
		golden = append(golden, of(g.event))
	}
	for _, e := range events("", 1) {
		fuzzed = append(fuzzed, of(e))
		if name, _ := form(e); name == unknown {
			t.Errorf("%T has no form in JSON", e)
		}
	}
	for _, name := range types {
		if !slices.Contains(golden, name) {
			t.Errorf("event.%s is not in the goldens of JSON", name)
		}
		if !slices.Contains(fuzzed, name) {
			t.Errorf("event.%s is not in the fuzz tests", name)
		}
	}
}

// TestJSONIsDocumented holds docs/progress.md against what is printed: each
// event has a row with exactly its fields.
func TestJSONIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/progress.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(data), "\n## JSON\n")
	if !found {
		t.Fatal("there is no section on JSON")
	}
	rows := map[string][]string{}
	quoted := regexp.MustCompile("`([^`]+)`")
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-zA-Z]+)` \\| (.*?) \\|").FindAllStringSubmatch(section, -1) {
		rows[row[1]] = []string{}
		for _, field := range quoted.FindAllStringSubmatch(row[2], -1) {
			rows[row[1]] = append(rows[row[1]], field[1])
		}
	}
	lines := printed(t, func(j *JSON) {
		for _, golden := range goldens {
			j.Sink(golden.event)
		}
		j.Remark("a")
		j.Fail("b", 1)
	})
	seen := map[string]bool{}
	for line := range strings.Lines(lines) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint(fields["event"])
		seen[name] = true
		delete(fields, "time")
		delete(fields, "event")
		documented := slices.Sorted(slices.Values(rows[name]))
		var there []string
		for field := range fields {
			there = append(there, field)
		}
		if slices.Sort(there); !slices.Equal(there, documented) {
			t.Errorf("%s has the fields %q, and documented are %q", name, there, documented)
		}
	}
	for name := range rows {
		if !seen[name] {
			t.Errorf("%s is documented and never printed", name)
		}
	}
}
