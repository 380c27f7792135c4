package cmd

import (
	"bytes"
	"cmp"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/status"
)

func TestStatusTable(t *testing.T) {
	hour := time.Now().Add(-time.Hour)
	ready := status.Workload{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: "a", Ready: true, Replicas: "2/2", Images: []string{"x:1", "y:2"}, Created: hour}
	job := status.Workload{Group: "batch", Kind: "Job", Namespace: "other", Name: "b", Message: "Job in progress", Created: hour}
	claim := status.Workload{Kind: "PersistentVolumeClaim", Namespace: "mesh", Name: "c", Created: hour}
	job.Findings = []diagnose.Finding{{Pod: "b-1", Container: "b", Reason: "CrashLoopBackOff", Logs: []string{"oh"}, Event: "back-off", Next: "look"}}
	for _, test := range []struct {
		name, format string
		report       status.Report
		want         string
	}{
		{"ready", "", status.Report{Ready: true, Workloads: []status.Workload{ready}}, `
Istio 1.31.0 demo in mesh: 1 of 1 ready
NAME           READY   STATUS   AGE
deployment/a   2/2     Ready    60m
`},
		{"wide", "wide", status.Report{Ready: true, Workloads: []status.Workload{ready}}, `
Istio 1.31.0 demo in mesh: 1 of 1 ready
NAME           READY   STATUS   AGE   IMAGES
deployment/a   2/2     Ready    60m   x:1,y:2
`},
		{"not ready", "", status.Report{Workloads: []status.Workload{ready, job, claim}}, `
Istio 1.31.0 demo in mesh: 1 of 3 ready
NAME                      READY   STATUS            AGE
deployment/a              2/2     Ready             60m
job/other/b               -       Job in progress   60m
persistentvolumeclaim/c   -       -                 60m

job/other/b is not ready:
  pod b-1: container b: CrashLoopBackOff
    log: oh
    last warning: back-off
    next: look
`},
		{"nothing to run", "", status.Report{Ready: true}, `
Istio 1.31.0 demo in mesh: no workloads installed
`},
		{"nothing left of what an older version installed", "wide", status.Report{Missing: []string{"deployment.apps"}}, `
Istio 1.31.0 demo in mesh: no workloads installed

all objects of kind deployment.apps are missing; run 'kubectl istio-demo install -n mesh'
`},
		{"a manifest of the user's", "", status.Report{Source: "own\x1b.yaml", Missing: []string{"widget.example.com"}, Workloads: []status.Workload{ready}}, `
own .yaml in mesh: 1 of 1 ready
NAME           READY   STATUS   AGE
deployment/a   2/2     Ready    60m

all objects of kind widget.example.com are missing; rerun the install of own .yaml
`},
		{"objects lost", "", status.Report{
			Objects: 70, Missing: []string{"deployment.apps"}, Workloads: []status.Workload{{Kind: "Deployment", Namespace: "mesh", Name: "a", Message: "missing"}},
			MissingObjects: []status.Object{{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: "a"}, {Kind: "Namespace", Name: "x"}},
			Unlabelled:     []status.Object{{Kind: "Service", Namespace: "mesh", Name: "s"}},
		}, `
Istio 1.31.0 demo in mesh: 0 of 1 ready
NAME           READY   STATUS    AGE
deployment/a   -       missing   -

2 of 70 objects missing: deployment mesh/a, namespace x; run 'kubectl istio-demo install -n mesh'
1 of 70 objects changed, no longer labelled as installed: service mesh/s; run 'kubectl istio-demo install -n mesh'
`},
		{"a warning", "", status.Report{Ready: true, Workloads: []status.Workload{ready}, Warnings: []string{"one counts; merge them"}}, `
Istio 1.31.0 demo in mesh: 1 of 1 ready
NAME           READY   STATUS   AGE
deployment/a   2/2     Ready    60m

warning: one counts; merge them
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.report.Namespace, test.report.Source = "mesh", cmp.Or(test.report.Source, "Istio 1.31.0 demo")
			var out bytes.Buffer
			if err := (&statusOptions{format: test.format}).print(test.report, &out); err != nil {
				t.Fatal(err)
			}
			if got := "\n" + out.String(); got != test.want {
				t.Errorf("got%s\nwant%s", got, test.want)
			}
		})
	}
}

// TestStatusFields compares the pages of status with the fields of -o json.
func TestStatusFields(t *testing.T) {
	for _, name := range []string{"docs/commands/status.md", "docs/commands.zh-CN.md"} {
		data, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		section := string(data)
		if _, after, found := strings.Cut(section, "\n## status\n"); found {
			section, _, _ = strings.Cut(after, "\n## ")
		}
		for _, fields := range []any{status.Report{}, status.Workload{}, diagnose.Finding{}} {
			for _, field := range reflect.VisibleFields(reflect.TypeOf(fields)) {
				tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
				if tag != "-" && !strings.Contains(section, "`"+tag+"`") {
					t.Errorf("%s does not name the field %q", name, tag)
				}
			}
		}
	}
}
