package diagnose

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// object reads a workload of namespace mesh in YAML.
func object(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	read := fixture.Object(t, text)
	read.SetNamespace("mesh")
	return read
}

const (
	webObject = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web}, spec: {selector: {matchLabels: {app: web}}, template: {}}}"
	// ours begins the pods of it.
	ours = "labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-5d9c, uid: '1', controller: true}]"

	crashingPod = "{metadata: {name: a, uid: a, " + ours + "}, status: {containerStatuses: [{name: web, " + crashState + "}]}}"
	unreadyPod  = "{metadata: {name: a, uid: a, " + ours + "}, status: {conditions: [{type: Ready, status: 'False', reason: ContainersNotReady, message: 'unready [web]'}], containerStatuses: [{name: web, state: {running: {}}}]}}"
	readyPod    = "{metadata: {name: a, uid: a, " + ours + "}, status: {conditions: [{type: Ready, status: 'True'}]}}"
	unboundPod  = "{metadata: {name: a, uid: a, " + ours + "}, spec: {volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}, " +
		"status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: pod has unbound immediate PersistentVolumeClaims}]}}"
	unplacedPod = "{metadata: {name: a, uid: a, " + ours + "}, status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 3 Insufficient cpu}]}}"
)

// TestWorkload counts the requests, and lets each of them fail.
func TestWorkload(t *testing.T) {
	const pods, warnings, normal = "pods app=web", "events type=Warning", "events involvedObject.name=a,type=Normal"
	const crash = "pod a: container web: CrashLoopBackOff: exit code 1, restarted 3 times"
	failing := strings.Replace(webObject, "}}}", "}}, status: {conditions: [{type: ReplicaFailure, status: 'True', message: 'exceeded quota: small'}]}}", 1)
	scaled := "{metadata: {name: e}, type: Normal, reason: TriggeredScaleUp, involvedObject: {kind: Pod, name: a}}"
	for _, test := range []struct {
		name, workload string
		has            map[string]string
		refuses        string
		requests       []string
		want, next     string
	}{
		{"ready", webObject, map[string]string{"pods": readyPod}, "", []string{pods}, "", ""},
		{"a crash", webObject, map[string]string{"pods": crashingPod}, "", []string{warnings, pods, "pods/a/log true"}, crash, ""},
		{"a crash without a log", webObject, map[string]string{"pods": crashingPod}, "log", []string{warnings, pods, "pods/a/log true"}, crash, ""},
		{"a crash without events", webObject, map[string]string{"pods": crashingPod}, "events", []string{warnings, pods, "pods/a/log true"}, crash, ""},
		{"a container that does not get ready", webObject, map[string]string{"pods": unreadyPod}, "", []string{warnings, pods, "pods/a/log"}, "pod a: container web: ContainersNotReady: cluster DNS does not answer: lookup x: i/o timeout", ""},
		{"a container that does not get ready, and no log", webObject, map[string]string{"pods": unreadyPod}, "log", []string{warnings, pods, "pods/a/log"}, "pod a: ContainersNotReady: unready [web]", ""},
		{"no pods to see", webObject, map[string]string{"pods": crashingPod}, "pods", []string{pods}, "", ""},
		{"no pods to see, but a condition", failing, nil, "pods", []string{pods}, "FailedCreate: exceeded quota: small", ""},
		{"a condition, although the pods are ready", failing, map[string]string{"pods": readyPod}, "", []string{warnings, pods}, "FailedCreate: exceeded quota: small", ""},
		{"pods of others", webObject, map[string]string{"pods": strings.Replace(crashingPod, "web-5d9c", "web-proxy-5d9c", 1)}, "", []string{warnings, pods}, "", ""},
		{"too big", webObject, map[string]string{"pods": unplacedPod}, "", []string{normal, warnings, pods}, "pod a: Unschedulable: 3 Insufficient cpu", "add nodes or lower the requests of the containers: kubectl describe nodes"},
		{"too big, but a node comes", webObject, map[string]string{"pods": unplacedPod, "events": scaled}, "", []string{normal, warnings, pods}, "pod a: Unschedulable: 3 Insufficient cpu", "wait for the new node: kubectl get nodes"},
		{"a claim", webObject, map[string]string{"pods": unboundPod, "persistentvolumeclaims": "{metadata: {name: data}, status: {phase: Pending}}"}, "",
			[]string{normal, warnings, "persistentvolumeclaims", pods}, `pod a: ClaimPending: persistentvolumeclaim "data": no matching volume, and no storage class set`, ""},
		{"a claim that cannot be seen", webObject, map[string]string{"pods": unboundPod}, "persistentvolumeclaims",
			[]string{normal, warnings, "persistentvolumeclaims", pods}, "pod a: Unschedulable: pod has unbound immediate PersistentVolumeClaims", ""},

		{"a pod", "{apiVersion: v1, kind: Pod, " + strings.TrimPrefix(crashingPod, "{"), nil, "", []string{warnings, "pods/a/log true"}, crash, ""},
		{"a claim alone", "{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {selector: {matchLabels: {a: b}}}, status: {phase: Pending}}", nil, "",
			[]string{warnings}, `ClaimPending: no matching volume, and no storage class set`, ""},
		{"a service", "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}}}", nil, "", nil, "", ""},
		{"no selector", "{apiVersion: batch/v1, kind: CronJob, metadata: {name: web}}", nil, "", nil, "", ""},
		{"a selector of another form", "{apiVersion: example.com/v1, kind: Web, metadata: {name: web}, spec: {selector: {matchLabels: web}, template: {}}}", nil, "", nil, "", ""},
		{"a selector of everything", "{apiVersion: example.com/v1, kind: Web, metadata: {name: web}, spec: {selector: {}, template: {}}}", nil, "", nil, "", ""},
		{"another kind with pods", strings.Replace(webObject, "kind: Deployment", "kind: Rollout", 1), map[string]string{"pods": crashingPod}, "", []string{warnings, pods, "pods/a/log true"}, crash, ""},
		{"a set without its pods", strings.Replace(webObject, "kind: Deployment", "kind: StatefulSet", 1), map[string]string{"pods": crashingPod}, "", []string{warnings, pods}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{refuses: map[string]int{test.refuses: http.StatusForbidden}, logs: map[string]string{"a": "one\ntwo\n"}}
			if test.has["pods"] == unreadyPod {
				server.logs["a"] = "error lookup x: i/o timeout\n"
			}
			for resource, text := range test.has {
				server.add(t, resource, text)
			}
			var got, next string
			found := Workload(t.Context(), server.start(t), object(t, test.workload))
			if len(found) > 0 {
				got, next = found[0].String(), found[0].Next
			}
			if len(found) > 1 || got != test.want || test.next != "" && next != test.next {
				t.Errorf("found %q, want %q; the next step is %q, want %q", found, test.want, next, test.next)
			}
			if requests := server.took(); !slices.Equal(requests, test.requests) {
				t.Errorf("the requests are %q, want %q", requests, test.requests)
			}
			if test.want == crash && test.refuses != "log" && !slices.Equal(found[0].Logs, []string{"one", "two"}) {
				t.Errorf("the log is %q", found[0].Logs)
			}
		})
	}
}

// TestLogsAreBounded asks for one log of each kind of crash, and not of all.
func TestLogsAreBounded(t *testing.T) {
	server := &apiServer{}
	for _, code := range strings.Split("1112345", "") {
		text := strings.Replace(crashingPod, "name: a", "name: p"+code, 1)
		server.add(t, "pods", strings.Replace(text, "exitCode: 1", "exitCode: "+code, 1))
	}
	Workload(t.Context(), server.start(t), object(t, webObject))
	logs := slices.DeleteFunc(server.took(), func(request string) bool { return !strings.Contains(request, "/log") })
	if want := []string{"pods/p1/log true", "pods/p2/log true", "pods/p3/log true"}; !slices.Equal(logs, want) {
		t.Errorf("asked for %q, want %q", logs, want)
	}
}
