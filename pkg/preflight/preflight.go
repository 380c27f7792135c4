// Package preflight looks, before the first write, for what would make an
// install fail or leave it without effect. It changes nothing on the cluster.
package preflight

import (
	"cmp"
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	admission "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	core "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
)

// Verdict is what a check says of the cluster; the words are an interface.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	// Unknown is for what could not be looked at; it stops no install.
	Unknown Verdict = "unknown"
	// Warn is for what an install can live with, or what may yet change.
	Warn Verdict = "warn"
	Fail Verdict = "fail"
)

// Result is what a check found; the field names are an interface.
type Result struct {
	// Name is the check's.
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	// Message says in one line what is there, or what is wrong and where.
	Message string `json:"message"`
	// Remedy says what to do about it; it is empty where nothing is wrong.
	Remedy string `json:"remedy,omitempty"`
}

// Use is what an install writes of one resource in one namespace.
type Use struct {
	Resource  schema.GroupVersionResource
	Namespace string
	Objects   []Object
}

// Object is what the checks need to know of an object.
type Object struct {
	Name   string
	Labels map[string]string
}

// Workload is an object of the manifest that has pods.
type Workload struct {
	// What names it for people: "deployment istio-system/istiod".
	What      string
	Namespace string
	Pod       corev1.PodTemplateSpec
	Replicas  int
	// EachNode is for a workload that wants a pod on every node.
	EachNode bool
}

// LoadBalancer is a Service that wants an address from outside the cluster.
type LoadBalancer struct {
	Namespace, Name string
}

// Added are the workloads and Services of type LoadBalancer that do not exist
// yet: the others have their room and their address.
type Added struct {
	Workloads     []Workload
	LoadBalancers []LoadBalancer
}

// Subject is what the checks look at. The clients are needed, and what else is
// empty is not looked at.
type Subject struct {
	// Skip names the checks to leave out.
	Skip map[string]bool

	Version   discovery.ServerVersionInterfaceWithContext
	Rights    *Rights
	Metadata  metadata.Interface
	Dynamic   dynamic.Interface
	Core      core.CoreV1Interface
	Admission admission.AdmissionregistrationV1Interface

	// MinimumVersion is the oldest Kubernetes that will do, such as "1.32";
	// empty where nobody knows.
	MinimumVersion string
	// Architectures are those that the images are built for; empty where
	// nobody knows.
	Architectures []string
	// Uses are the resources that are written, without duplicates.
	Uses []Use
	// Namespaces are those that objects go to. Creates has the labels of
	// those that are created if they do not exist.
	Namespaces []string
	Creates    map[string]map[string]string
	// Workloads have pods, LoadBalancers are Services of that type, and
	// Services are all that the manifest brings, as "namespace/name".
	Workloads     []Workload
	LoadBalancers []LoadBalancer
	Services      map[string]bool
	// Nodes lists the cluster's nodes; nil has the checks list them.
	Nodes func(context.Context) ([]corev1.Node, error)
	// Sizes are those of the largest objects, in bytes, by what names them.
	Sizes map[string]int
	// Added waits until it is known what exists; nil means that nothing does.
	Added func() Added
	// Fresh is set if nothing was installed before: what new workloads need is
	// then read while Added waits.
	Fresh bool
	// Home is the namespace of the installation, and Leaves tells of an object
	// whether the install is going to prune it; nil means no.
	Home   string
	Leaves func(*unstructured.Unstructured) bool
	// Roles is the command that prints those that are needed; empty where there is
	// none.
	Roles string
	// Patience bounds what is read for checks that an install can do without;
	// nothing means patience.
	Patience time.Duration
	// Watches tells whether readiness is waited for, Prunes whether objects
	// that the manifest no longer has are removed.
	Watches, Prunes bool
}

// patience is longer than any list takes of which one knows in the end.
const patience = 20 * time.Second

// check is one thing to look at. Its results are named by Run, and there is
// at least one. The error is for a cluster that did not answer, not for a
// verdict.
type check func(context.Context, *survey) ([]Result, error)

var checks = []struct {
	name string
	run  check
}{
	{"version", release},
	{"permissions", permissions},
	{"namespaces", namespaces},
	{"architectures", architectures},
	{"capacity", capacity},
	{"webhooks", webhooks},
	{"loadbalancer", loadBalancer},
	{"dns", dns},
	{"telemetry", telemetry},
	{"size", size},
}

// Names returns the names of the checks, in the order of their results.
func Names() []string {
	names := make([]string, len(checks))
	for i, check := range checks {
		names[i] = check.name
	}
	return names
}

// Run runs the checks that are not skipped, all at once. The results come in
// the order of Names; that a check fails is no error. The error is the API
// server's, or the context's.
func Run(ctx context.Context, subject Subject) ([]Result, error) {
	limited, cancel := context.WithTimeout(ctx, cmp.Or(subject.Patience, patience))
	defer cancel()
	survey := newSurvey(ctx, limited, subject)
	results := make([][]Result, len(checks))
	errs := make([]error, len(checks))
	var group sync.WaitGroup
	for i, check := range checks {
		if !subject.Skip[check.name] {
			group.Go(func() { results[i], errs[i] = check.run(ctx, survey) })
		}
	}
	group.Wait()
	var found []Result
	for i, check := range checks {
		if errs[i] != nil {
			return nil, errs[i]
		}
		for _, result := range results[i] {
			result.Name = check.name
			found = append(found, result)
		}
	}
	return found, nil
}

// notChecked is the result of a check that could not look.
func notChecked(why string) []Result {
	return []Result{{Verdict: Unknown, Message: "not checked: " + why}}
}

// passed is the result of a check that found nothing wrong.
func passed(message string) []Result {
	return []Result{{Verdict: Pass, Message: message}}
}
