package diagnose

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// evidenceOf reads evidence in YAML; the workload is deployment mesh/web
// unless it is another.
func evidenceOf(t *testing.T, text string) Evidence {
	t.Helper()
	var read struct {
		Workload *unstructured.Unstructured     `json:"workload"`
		Pods     []corev1.Pod                   `json:"pods"`
		Events   []corev1.Event                 `json:"events"`
		Claims   []corev1.PersistentVolumeClaim `json:"claims"`
		// Logs are those of the containers of pod a.
		Logs map[string]string `json:"logs"`
	}
	if err := yaml.UnmarshalStrict([]byte(text), &read); err != nil {
		t.Fatal(err)
	}
	workload := read.Workload
	if workload == nil {
		workload = &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment"}}
	}
	workload.SetNamespace("mesh")
	if workload.GetName() == "" {
		workload.SetName("web")
	}
	evidence := Evidence{Workload: workload, Pods: read.Pods, Events: read.Events, Claims: read.Claims, Logs: map[LogKey]string{}}
	for container, log := range read.Logs {
		evidence.Logs[LogKey{"a", container}] = log
	}
	return evidence
}

// explained is what Explain is to find.
type explained struct {
	name, evidence string
	// finding is the text, event and next the rest; next may be left out.
	finding, event, next string
	grace                time.Duration
}

// check looks at the first finding, and that there is one only.
func (e explained) check(t *testing.T) {
	t.Run(e.name, func(t *testing.T) {
		findings := Explain(evidenceOf(t, e.evidence))
		if e.finding == "" {
			if len(findings) > 0 {
				t.Errorf("found %q", findings)
			}
			return
		}
		if len(findings) != 1 {
			t.Fatalf("found %q, want one", findings)
		}
		got := findings[0]
		if got.String() != e.finding {
			t.Errorf("found\n%q, want\n%q", got, e.finding)
		}
		if got.Event != e.event {
			t.Errorf("the event is %q, want %q", got.Event, e.event)
		}
		if got.Next == "" || e.next != "" && got.Next != e.next {
			t.Errorf("the next step is\n%q, want\n%q", got.Next, e.next)
		}
		if got.Grace != e.grace {
			t.Errorf("the grace is %v, want %v", got.Grace, e.grace)
		}
	})
}

// container gives a pod, named and with one container in a state.
func container(name, state string) string {
	return "- metadata: {name: " + name + "}\n" +
		"  spec: {nodeName: node-1, containers: [{name: web, image: 'registry.example.com/web:1'}]}\n" +
		"  status: {containerStatuses: [{name: web, " + state + "}]}\n"
}

const (
	pullState  = "state: {waiting: {reason: ErrImagePull, message: 'registry.example.com/web:1: not found'}}"
	crashState = "restartCount: 3, state: {waiting: {reason: CrashLoopBackOff, message: back-off 5m0s}}, lastState: {terminated: {exitCode: 1, reason: Error}}"
	unplaced   = "  status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/3 nodes are available: 3 Insufficient cpu.'}]}\n"
	noReplicas = "workload: {apiVersion: apps/v1, kind: Deployment, status: {conditions: [{type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'pods \"web-\" is forbidden: exceeded quota: small'}]}}\n"
)

// TestExplain merges and sorts what the other tests find one by one.
func TestExplain(t *testing.T) {
	two := "- metadata: {name: c}\n" + unplaced
	for _, test := range []struct {
		name, evidence string
		want           []string
	}{
		{"nothing", "", nil},
		{"one", "pods:\n" + container("a", crashState), []string{
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted 3 times",
		}},
		{"the same twice", "pods:\n" + container("a", crashState) + container("b", strings.Replace(crashState, "3", "4", 1)), []string{
			"pod a and 1 more pod: container web: CrashLoopBackOff: exit code 1, restarted 3 times",
		}},
		{"the same three times", "pods:\n" + container("a", pullState) + container("b", pullState) + container("c", pullState), []string{
			`pod a and 2 more pods: container web: ErrImagePull: image "registry.example.com/web:1": not found`,
		}},
		{"other exit codes", "pods:\n" + container("a", crashState) + container("b", strings.Replace(crashState, "exitCode: 1", "exitCode: 2", 1)), []string{
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted 3 times",
			"pod b: container web: CrashLoopBackOff: exit code 2, restarted 3 times",
		}},
		// What a container says is closer to the cause than where it stands.
		{"the most telling first", noReplicas + "pods:\n" + two + container("a", crashState) + container("b", pullState), []string{
			`pod b: container web: ErrImagePull: image "registry.example.com/web:1": not found`,
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted 3 times",
			"FailedCreate: exceeded quota: small",
			"pod c: Unschedulable: 0/3 nodes are available: 3 Insufficient cpu.",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, finding := range Explain(evidenceOf(t, test.evidence)) {
				got = append(got, finding.String())
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// TestExplainIsBounded has more to say than anybody wants to read.
func TestExplainIsBounded(t *testing.T) {
	evidence := "pods:\n"
	for _, code := range strings.Split("123456789", "") {
		evidence += container("p"+code, strings.Replace(crashState, "exitCode: 1", "exitCode: "+code, 1))
	}
	if found := Explain(evidenceOf(t, evidence)); len(found) != maxFindings {
		t.Errorf("found %d, want %d", len(found), maxFindings)
	}
	if found := Explain(Evidence{}); found != nil {
		t.Errorf("found %q in nothing", found)
	}
}

// TestFindingAsJSON keeps the names that scripts read.
func TestFindingAsJSON(t *testing.T) {
	data, err := json.Marshal([]Finding{
		{Pod: "a", MorePods: 1, Container: "web", Reason: "Error", Message: "exit code 1", Logs: []string{"no"}, Event: "Unhealthy: no", Next: "wait", Grace: time.Second},
		{Reason: failedCreate},
	})
	want := `[{"pod":"a","morePods":1,"container":"web","reason":"Error","message":"exit code 1","logs":["no"],"event":"Unhealthy: no","next":"wait"},{"reason":"FailedCreate"}]`
	if err != nil || string(data) != want {
		t.Errorf("%v, got\n%s, want\n%s", err, data, want)
	}
}
