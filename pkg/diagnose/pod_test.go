package diagnose

import (
	"slices"
	"strconv"
	"testing"
	"time"
)

// about gives an event about pod a as a whole.
func about(at, reason, message string) string {
	return "- {type: Warning, reason: " + reason + ", message: '" + message + "', lastTimestamp: '2026-01-01T00:00:" + at + "Z', involvedObject: {kind: Pod, name: a}}\n"
}

// unscheduled gives pod a, which no node takes.
func unscheduled(reason, message string) string {
	return "pods:\n- metadata: {name: a}\n  status: {conditions: [{type: PodScheduled, status: 'False', reason: " + reason + ", message: '" + message + "'}]}\n"
}

func TestPlacement(t *testing.T) {
	const short = "0/3 nodes are available: 3 Insufficient cpu."
	text := "pod a: Unschedulable: "
	scaleUp := func(reason, pod string) string {
		return "events: [{type: Normal, reason: " + reason + ", involvedObject: {kind: Pod, name: " + pod + "}}]"
	}
	lower := "add nodes or lower the requests of the containers: kubectl describe nodes"
	for _, test := range []explained{
		{"too big", unscheduled("Unschedulable", short+" preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."), text + short, "", lower, time.Minute},
		{"too big, and claims", unscheduled("Unschedulable", short+" no new claims to deallocate, preemption: 0/3"), text + short, "", lower, time.Minute},
		{"with its event", unscheduled("Unschedulable", short) + "events:\n" + about("01", "FailedScheduling", short), text + short, "", lower, time.Minute},
		{"with another event", unscheduled("Unschedulable", short) + "events:\n" + about("01", "FailedToScaleUp", "no more machines"), text + short, "FailedToScaleUp: no more machines", lower, time.Minute},
		{"taint", unscheduled("Unschedulable", "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}."),
			text + "0/1 nodes are available: 1 node(s) had untolerated taint {gpu: true}.", "", "remove the taint or add a toleration: kubectl describe nodes", time.Minute},
		{"selector", unscheduled("Unschedulable", "0/1 nodes are available: 1 node(s) didn''t match Pod''s node affinity/selector."),
			text + "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", "", "label a node to match the pod: kubectl get nodes --show-labels", time.Minute},
		{"no nodes", unscheduled("Unschedulable", "no nodes available to schedule pods"), text + "no nodes available to schedule pods", "", "add a node: kubectl get nodes", time.Minute},
		{"something else", unscheduled("Unschedulable", "0/1 nodes are available: 1 of another kind."), text + "0/1 nodes are available: 1 of another kind.", "", "kubectl describe pod a -n mesh", time.Minute},
		// A node that starts heals it.
		{"nodes that are not ready", unscheduled("Unschedulable", "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }."),
			text + "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }.", "", "check why the nodes are not ready: kubectl describe nodes", 0},
		{"a node comes", unscheduled("Unschedulable", short) + scaleUp("TriggeredScaleUp", "a"), text + short, "", "wait for the new node: kubectl get nodes", 0},
		{"a node comes, otherwise", unscheduled("Unschedulable", short) + scaleUp("Nominated", "a"), text + short, "", "wait for the new node: kubectl get nodes", 0},
		{"a node comes for others", unscheduled("Unschedulable", short) + scaleUp("TriggeredScaleUp", "b"), text + short, "", lower, time.Minute},
		{"gated", unscheduled("SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates"),
			"pod a: SchedulingGated: Scheduling is blocked due to non-empty scheduling gates", "", "kubectl describe pod a -n mesh", 0},
		{"not seen yet", "pods: [{metadata: {name: a}}]", "", "", "", 0},
	} {
		test.check(t)
	}
}

// claimed gives pod a, which waits for its claim.
func claimed(claim string) string {
	return `
pods:
- metadata: {name: a}
  spec: {volumes: [{name: none, emptyDir: {}}, {name: data, persistentVolumeClaim: {claimName: data}}]}
  status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.'}]}
claims: [` + claim + "]\n"
}

func TestClaims(t *testing.T) {
	const failed = "events: [{type: Warning, reason: ProvisioningFailed, message: 'storageclass.storage.k8s.io \"fast\" not found', involvedObject: {kind: PersistentVolumeClaim, name: data}}]\n"
	const unbound = "pod a: Unschedulable: 0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."
	text := `pod a: ClaimPending: persistentvolumeclaim "data": `
	classes := "set the claim's storageClassName, or a default class: kubectl get storageclasses"
	for _, test := range []explained{
		{"no class", claimed("{metadata: {name: data}, status: {phase: Pending}}"), text + "no matching volume, and no storage class set", "", classes, time.Minute},
		{"an empty class", claimed("{metadata: {name: data}, spec: {storageClassName: ''}, status: {phase: Pending}}"), text + "no matching volume, and no storage class set", "", classes, time.Minute},
		{"a slow class", claimed("{metadata: {name: data}, spec: {storageClassName: slow}, status: {phase: Pending}}"),
			text + `waiting for a volume of class "slow"`, "", "kubectl describe persistentvolumeclaim data -n mesh", 0},
		{"a class that is not there", claimed("{metadata: {name: data}, spec: {storageClassName: fast}, status: {phase: Pending}}") + failed,
			text + `storageclass.storage.k8s.io "fast" not found`, "", "create the storage class, or set another in the claim: kubectl get storageclasses", time.Minute},
		{"bound", claimed("{metadata: {name: data}, status: {phase: Bound}}"), unbound, "", "", time.Minute},
		{"of others", claimed("{metadata: {name: other}, status: {phase: Pending}}"), unbound, "", "", time.Minute},
		{"made for the pod", `
pods:
- metadata: {name: a}
  spec: {volumes: [{name: scratch, ephemeral: {}}]}
  status: {conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 'pod has unbound immediate PersistentVolumeClaims'}]}
claims: [{metadata: {name: a-scratch}, status: {phase: Pending}}]`,
			`pod a: ClaimPending: persistentvolumeclaim "a-scratch": no matching volume, and no storage class set`, "", classes, time.Minute},
		{"not there", unscheduled("Unschedulable", `0/3 nodes are available: persistentvolumeclaim "data" not found. not found`),
			`pod a: Unschedulable: 0/3 nodes are available: persistentvolumeclaim "data" not found`, "", "create the PersistentVolumeClaim: kubectl get persistentvolumeclaims -n mesh", time.Minute},
		{"alone", "workload: {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, spec: {storageClassName: fast}, status: {phase: Pending}}\n" + failed,
			`ClaimPending: storageclass.storage.k8s.io "fast" not found`, "", "", time.Minute},
		{"alone and bound", "workload: {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: data}, status: {phase: Bound}}\n" + failed, "", "", "", 0},
	} {
		test.check(t)
	}
}

func TestVolumes(t *testing.T) {
	starts := func(conditions, events string) string {
		return "pods: [{metadata: {name: a}, spec: {nodeName: node-1}, status: {conditions: [" + conditions + "], containerStatuses: [{name: web, state: {waiting: {reason: ContainerCreating}}}]}}]\nevents:\n" + events
	}
	const not, is = "{type: PodReadyToStartContainers, status: 'False'}", "{type: PodReadyToStartContainers, status: 'True'}"
	secret := about("01", "FailedMount", `MountVolume.SetUp failed for volume "token" : secret "token" not found`)
	text := `pod a: FailedMount: volume "token": secret "token" not found`
	next := "create the secret: kubectl get secret token -n mesh"
	for _, test := range []explained{
		{"a secret", starts(not, secret), text, "", next, time.Minute},
		{"a key", starts(not, about("01", "FailedMount", `MountVolume.SetUp failed for volume "token" : references non-existent secret key: mode`)),
			`pod a: FailedMount: volume "token": references non-existent secret key: mode`, "", "add the key mode to the volume's source", time.Minute},
		{"the last word is less clear", starts(not, secret+about("02", "FailedMount", "Unable to attach or mount volumes: timed out")), text, "", next, time.Minute},
		{"many times", starts(not, about("01", "FailedMount", `(combined from similar events): MountVolume.SetUp failed for volume "token" : secret "token" not found`)), text, "", next, time.Minute},
		// An older kubelet does not say whether that is over.
		{"an older kubelet", starts("", secret), text, "", next, 0},
		{"over", starts(is, secret), "", "", "", 0},
		{"what istiod is going to write", starts(not, about("01", "FailedMount", `MountVolume.SetUp failed for volume "root" : configmap "istio-ca-root-cert" not found`)),
			`pod a: FailedMount: volume "root": configmap "istio-ca-root-cert" not found`, "", "istiod creates it once it is running: check why istiod is not ready", 0},
		{"a disk", starts(not, about("01", "FailedAttachVolume", "Multi-Attach error for volume")), "pod a: FailedAttachVolume: Multi-Attach error for volume", "", "kubectl describe pod a -n mesh", 0},
		{"no network", starts(not, about("01", "FailedCreatePodSandBox", "plugin type=\"istio-cni\" failed")), `pod a: FailedCreatePodSandBox: plugin type="istio-cni" failed`, "",
			"check that the network plugin (CNI) is running on node node-1: kubectl get pods -A --field-selector spec.nodeName=node-1", 0},
		{"nothing was said", starts(not, about("01", "Other", "no")), "", "", "", 0},
	} {
		test.check(t)
	}
}

// logs gives container web of pod a a log.
func logs(log string) string { return "logs: {web: " + strconv.Quote(log) + "}\n" }

// TestUnreadyLogs tells what a container complains of, as nobody may read a probe.
func TestUnreadyLogs(t *testing.T) {
	found := Explain(evidenceOf(t, `
pods: [{metadata: {name: a}, status: {conditions: [{type: Ready, status: 'False', message: 'containers with unready status: [web]'}], containerStatuses: [{name: web, state: {running: {}}}]}}]
`+logs(informs+"\nerror \x1b[31mone\n"+informs+"\nwarn two")))
	if len(found) != 1 || found[0].Container != "web" || !slices.Equal(found[0].Logs, []string{"error one", "warn two"}) {
		t.Errorf("found %+v", found)
	}
}

func TestUnready(t *testing.T) {
	const unready = "{type: Ready, status: 'False', reason: ContainersNotReady, message: 'containers with unready status: [web]'}"
	runs := func(conditions, state, events string) string {
		return "pods: [{metadata: {name: a}, spec: {nodeName: node-1}, status: {conditions: [" + conditions + "], containerStatuses: [{name: web, " + state + "}]}}]\nevents:\n" + events
	}
	probe := warning("01", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
	for _, test := range []explained{
		{"a probe", runs(unready, "state: {running: {}}", warning("00", "Unhealthy", "Readiness probe failed: refused")+probe),
			"pod a: container web: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503", "", "kubectl logs a -c web -n mesh", 0},
		{"a probe that is over", runs(unready, "ready: true, state: {running: {}}", probe),
			"pod a: ContainersNotReady: containers with unready status: [web]", "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503", "kubectl describe pod a -n mesh", 0},
		{"a probe, and a log that tells nothing", runs(unready, "state: {running: {}}", probe) + logs(informs),
			"pod a: container web: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503", "", "kubectl logs a -c web -n mesh", 0},
		{"a probe, and a log that tells why", runs(unready, "state: {running: {}}", probe) + logs(noDNS+"\n"+notReady),
			"pod a: container web: Unhealthy: cluster DNS does not answer: lookup istiod.istio-system.svc on 10.96.0.10:53: connection refused", "",
			"check cluster DNS: kubectl get pods -n kube-system -l k8s-app=kube-dns", 0},
		{"no probe, and a log that tells why", runs(unready, "state: {running: {}}", "") + logs(noServer),
			"pod a: container web: ContainersNotReady: the pod cannot reach the API server: dial tcp 10.96.0.1:443: i/o timeout", "", "", 0},
		{"a probe of another", runs(unready, "state: {running: {}}", "- {type: Warning, reason: Unhealthy, message: no, involvedObject: {kind: Pod, name: b, fieldPath: 'spec.containers{web}'}}"),
			"pod a: ContainersNotReady: containers with unready status: [web]", "", "", 0},
		{"a probe of a namesake", "pods: [{metadata: {name: a, uid: '2'}, status: {conditions: [" + unready + "], containerStatuses: [{name: web, state: {running: {}}}]}}]\n" +
			"events: [{type: Warning, reason: Unhealthy, message: no, involvedObject: {kind: Pod, name: a, uid: '1', fieldPath: 'spec.containers{web}'}}]",
			"pod a: ContainersNotReady: containers with unready status: [web]", "", "", 0},
		{"a gate", "pods: [{metadata: {name: a}, status: {conditions: [{type: Ready, status: 'False', message: the gate is closed}]}}]", "pod a: NotReady: the gate is closed", "", "", 0},
		{"init containers", "pods: [{metadata: {name: a}, status: {conditions: [" + unready + ", {type: Initialized, status: 'False', reason: ContainersNotInitialized, message: 'containers with incomplete status: [init]'}]}}]",
			"pod a: ContainersNotInitialized: containers with incomplete status: [init]", "", "", 0},
		{"without a message", "pods: [{metadata: {name: a}, status: {conditions: [{type: Ready, status: 'False'}]}}]", "", "", "", 0},
		{"ready with a message", "pods: [{metadata: {name: a}, status: {conditions: [{type: Ready, status: 'True', message: all is well}]}}]", "", "", "", 0},
		{"completed", "pods: [{metadata: {name: a}, status: {phase: Succeeded, conditions: [" + unready + "]}}]", "", "", "", 0},
		{"evicted", "pods: [{metadata: {name: a}, status: {phase: Failed, reason: Evicted, message: 'The node was low on resource: memory.', containerStatuses: [{name: web, state: {terminated: {exitCode: 137}}}]}}]",
			"pod a: Evicted: The node was low on resource: memory.", "", "", 0},
		{"failed", "pods: [{metadata: {name: a}, status: {phase: Failed}}]", "pod a: Failed", "", "", 0},
	} {
		test.check(t)
	}
}

// TestLastWarning looks which event is told with a crash.
func TestLastWarning(t *testing.T) {
	for name, test := range map[string]struct{ events, want string }{
		"none":            {"", ""},
		"one":             {warning("01", "Unhealthy", "no answer"), "Unhealthy: no answer"},
		"the last":        {warning("02", "Unhealthy", "second") + warning("01", "Unhealthy", "first"), "Unhealthy: second"},
		"of the pod":      {about("01", "Evicted", "too big"), "Evicted: too big"},
		"of a neighbour":  {"- {type: Warning, reason: Unhealthy, message: no, involvedObject: {kind: Pod, name: a, fieldPath: 'spec.containers{proxy}'}}", ""},
		"no warning":      {"- {type: Normal, reason: Pulled, message: yes, involvedObject: {kind: Pod, name: a}}", ""},
		"what is over":    {about("01", "FailedScheduling", "no node"), ""},
		"what is said":    {warning("01", "Failed", "Error: exit code 1, restarted 3 times"), ""},
		"without a word":  {warning("01", "Failed", ""), ""},
		"many":            {"- {type: Warning, reason: Unhealthy, message: late, count: 12, involvedObject: {kind: Pod, name: a}}", "Unhealthy: late (12 times)"},
		"many, as series": {"- {type: Warning, reason: Unhealthy, message: late, series: {count: 7, lastObservedTime: '2026-01-01T00:00:00.000000Z'}, involvedObject: {kind: Pod, name: a}}", "Unhealthy: late (7 times)"},
	} {
		t.Run(name, func(t *testing.T) {
			found := Explain(evidenceOf(t, "pods:\n"+container("a", crashState)+"events:\n"+test.events))
			if len(found) != 1 || found[0].Event != test.want {
				t.Errorf("found %q, want %q", found[0].Event, test.want)
			}
		})
	}
}
