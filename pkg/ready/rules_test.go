package ready

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

const (
	deployment = "apiVersion: apps/v1\nkind: Deployment\n"
	available  = "replicas: 1, updatedReplicas: 1, readyReplicas: 1, availableReplicas: 1, conditions: [{type: Available, status: 'True'}]"
	job        = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n"
	definition = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a}\n"
	claim      = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\n"
	pod        = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n"
	widget     = "apiVersion: demo.example.com/v1\nkind: Widget\n"
)

func TestCompute(t *testing.T) {
	for _, test := range []struct {
		name, object string
		want         State
		message      string
	}{
		{"deployment without status", deployment + "metadata: {name: a}\n", InProgress, "Replicas: 0/1"},
		{"deployment not observed", deployment + "metadata: {name: a, generation: 2}\nstatus: {observedGeneration: 1, " + available + "}\n", InProgress, "Deployment generation is 2, but latest observed generation is 1"},
		{"deployment not available", deployment + "metadata: {name: a}\nstatus: {replicas: 1, updatedReplicas: 1}\n", InProgress, "Available: 0/1"},
		{"deployment ready", deployment + "metadata: {name: a, generation: 2}\nstatus: {observedGeneration: 2, " + available + "}\n", Ready, "Deployment is available. Replicas: 1"},
		{"deployment being replaced", deployment + "metadata: {name: a}\nspec: {replicas: 2}\nstatus: {" + available + "}\n", InProgress, "Replicas: 1/2"},
		// A later image, or more memory, can still heal it.
		{"deployment past its deadline", deployment + "metadata: {name: a}\nstatus: {conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded}]}\n", InProgress, "Progress deadline exceeded"},
		{"deployment being deleted", deployment + "metadata: {name: a, deletionTimestamp: '2026-01-01T00:00:00Z'}\nstatus: {" + available + "}\n", InProgress, "being deleted"},
		{"deployment of another form", deployment + "metadata: {name: a}\nstatus: {conditions: none}\n", InProgress, "cannot read its status: "},

		{"job not started", job, InProgress, "Job not started"},
		{"job running", job + "status: {startTime: now, active: 1}\n", InProgress, "Job in progress. success:0, active: 1, failed: 0"},
		{"job not complete", job + "status: {startTime: now, conditions: [{type: Complete, status: 'False'}]}\n", InProgress, "Job in progress. success:0, active: 0, failed: 0"},
		{"job created suspended", job + "spec: {suspend: true}\n", Ready, "suspended"},
		{"job that was suspended", job + "status: {startTime: now, conditions: [{type: Suspended, status: 'True'}]}\n", InProgress, "Job in progress. success:0, active: 0, failed: 0"},
		{"job complete", job + "status: {succeeded: 1, conditions: [{type: Complete, status: 'True'}]}\n", Ready, "Job Completed. succeeded: 1/1"},
		{"job failed", job + "status: {failed: 7, conditions: [{type: Failed, status: 'True'}]}\n", Failed, "Job Failed. failed: 7/1"},
		{"namesake of a job", "apiVersion: demo.example.com/v1\nkind: Job\nmetadata: {name: a}\n", Ready, "Resource is current"},

		{"definition not established", definition, InProgress, "Install in progress"},
		{"definition installing", definition + "status: {conditions: [{type: Established, status: 'False', reason: Installing}]}\n", InProgress, "Install in progress"},
		{"definition established", definition + "status: {conditions: [{type: NamesAccepted, status: 'True'}, {type: Established, status: 'True'}]}\n", Ready, "CRD is established"},
		{"definition of taken names", definition + "status: {conditions: [{type: NamesAccepted, status: 'False', message: widgets is taken}]}\n", Failed, "widgets is taken"},

		{"claim pending", claim + "status: {phase: Pending}\n", InProgress, "PVC is not Bound. phase: Pending"},
		{"claim bound", claim + "status: {phase: Bound}\n", Ready, "PVC is Bound"},
		{"pod running", pod + "status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}\n", Ready, "Pod is Ready"},
		{"pod crashing", pod + "status: {phase: Running, containerStatuses: [{name: web, state: {waiting: {reason: CrashLoopBackOff}}}]}\n", InProgress, "Containers in CrashLoop state: web"},
		{"pod completed", pod + "status: {phase: Succeeded}\n", Ready, "Pod has completed successfully"},
		// kstatus calls it current; but it does not run, and never will.
		{"pod failed", pod + "status: {phase: Failed}\n", Failed, "Pod has completed, but not successfully"},

		{"config map", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", Ready, "Resource is always ready"},
		{"unknown kind", widget + "metadata: {name: a}\n", Ready, "Resource is current"},
		{"unknown kind with a status of another form", widget + "metadata: {name: a}\nstatus: fine\n", Ready, ""},
		{"unknown kind with conditions of another form", widget + "metadata: {name: a}\nstatus: {conditions: [1, 2]}\n", Ready, ""},
		{"definition of another form", definition + "status: {conditions: none}\n", InProgress, "cannot read its status: "},
		{"unknown kind that is not ready", widget + "metadata: {name: a}\nstatus: {conditions: [{type: Ready, status: 'False', message: no disk}]}\n", InProgress, "no disk"},
		{"unknown kind that is stalled", widget + "metadata: {name: a}\nstatus: {conditions: [{type: Stalled, status: 'True', message: no disk}]}\n", InProgress, "no disk"},
	} {
		t.Run(test.name, func(t *testing.T) {
			state, message := Compute(fixture.Object(t, test.object))
			if state != test.want {
				t.Errorf("the state is %d, want %d", state, test.want)
			}
			if message != test.message && (!strings.HasSuffix(test.message, ": ") || !strings.HasPrefix(message, test.message)) {
				t.Errorf("the message is %q, want %q", message, test.message)
			}
		})
	}
}
