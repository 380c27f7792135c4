// Package status owns the report on an installation: its workloads, whether they
// are ready, and why not.
package status

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// Status tells whether what is installed runs, by the inventory. Both fields
// are needed. It can be used by many goroutines.
type Status struct {
	Cluster   *cluster.Cluster
	Namespace string
}

// Report is how an installation is.
type Report struct {
	// Source names for people what is installed.
	Source    string `json:"source"`
	Namespace string `json:"namespace"`
	// Ready is true where all of the workloads are, and none is missing.
	Ready bool `json:"ready"`
	// Workloads are sorted by kind, namespace and name.
	Workloads []Workload `json:"workloads"`
	// Missing are the kinds of which something was installed and nothing is
	// there: deployment.apps.
	Missing []string `json:"missing,omitempty"`
	// Warnings are of what keeps nothing from being ready.
	Warnings []string `json:"warnings,omitempty"`
}

// NotInstalledError says that a namespace has no installation.
type NotInstalledError struct{ Namespace string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("nothing is installed in namespace %s; run '%s', or choose another namespace with -n", e.Namespace, shell.Demo("install", e.Namespace))
}

// Run returns the report, with an explanation for whatever is not ready; it does
// not wait. Its errors are *NotInstalledError, the cause of the context's end, and
// those of the API server; that something does not run is none. It takes a request
// for the inventory, one for each kind and namespace of workloads in it, one for
// Telemetries where it has CRDs, and at most seven more for a workload that is not
// ready.
func (s *Status) Run(ctx context.Context) (Report, error) {
	report, err := s.report(ctx)
	if err != nil {
		return Report{}, cluster.CauseOf(ctx, err)
	}
	return report, nil
}

func (s *Status) report(ctx context.Context) (Report, error) {
	found, err := s.find(ctx)
	if err != nil {
		return Report{}, err
	}
	objects, warnings, err := s.read(ctx, found)
	if err != nil {
		return Report{}, err
	}
	report := Report{Source: found.source, Namespace: s.Namespace, Workloads: make([]Workload, len(objects)), Missing: missing(found, objects), Warnings: warnings}
	report.Ready = len(report.Missing) == 0
	var unready []*unstructured.Unstructured
	var at []int // among all
	for i, object := range objects {
		report.Workloads[i] = workload(object)
		if !report.Workloads[i].Ready {
			report.Ready = false
			unready, at = append(unready, object), append(at, i)
		}
	}
	findings, _ := diagnose.Workloads(ctx, s.Cluster.Core, unready)
	for n, i := range at {
		report.Workloads[i].Findings = findings[n]
	}
	return report, nil
}

// read lists the workloads, and looks for Telemetries without effect meanwhile.
func (s *Status) read(ctx context.Context, found watched) (objects []*unstructured.Unstructured, warnings []string, err error) {
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		objects, err = s.list(groupCtx, found.places)
		return err
	})
	if found.crds {
		group.Go(func() error {
			result, err := preflight.Telemetry(groupCtx, s.Cluster.Dynamic, s.Namespace, nil)
			if result.Verdict == preflight.Warn {
				warnings = []string{result.Message + "; " + result.Remedy}
			}
			return err
		})
	}
	err = group.Wait()
	return objects, warnings, err
}

// watched is where the workloads of an installation are.
type watched struct {
	source string
	kinds  []schema.GroupKind
	// crds is set where CRDs were installed.
	crds   bool
	places []applyset.Place
}

// missing returns the kinds of which there is nothing. A Job may go by itself
// when it is done.
func missing(found watched, objects []*unstructured.Unstructured) []string {
	var none []string
	for _, kind := range found.kinds {
		there := slices.ContainsFunc(objects, func(object *unstructured.Unstructured) bool {
			return object.GroupVersionKind().GroupKind() == kind
		})
		if !there && kind != (schema.GroupKind{Group: "batch", Kind: "Job"}) {
			none = append(none, strings.ToLower(kind.String()))
		}
	}
	return none
}

// find reads the inventory. What the cluster serves is asked only where
// custom resources are in it; the kinds of Kubernetes are known.
func (s *Status) find(ctx context.Context) (watched, error) {
	inventory, err := applyset.Open(ctx, s.Cluster.Core, applyset.ParentName, s.Namespace)
	if err != nil {
		return watched{}, err
	}
	if !inventory.Exists {
		return watched{}, &NotInstalledError{s.Namespace}
	}
	// An older version may have stored more of a URL.
	found := watched{source: redact.Text(inventory.Recorded.Source)}
	custom := applyset.Record{Namespaces: inventory.Recorded.Namespaces}
	for _, kind := range inventory.Recorded.Kinds {
		found.crds = found.crds || kind.Kind == "CustomResourceDefinition"
		resource, known := runs[kind]
		mayRun := untyped.IsCustom(kind.Group) && !configuresMesh(kind.Group)
		if known || mayRun {
			found.kinds = append(found.kinds, kind)
		}
		switch {
		case known:
			for _, namespace := range inventory.Recorded.Namespaces {
				found.places = append(found.places, applyset.Place{Kind: kind, Resource: resource, Namespace: namespace})
			}
		case mayRun:
			custom.Kinds = append(custom.Kinds, kind)
		}
	}
	if len(custom.Kinds) > 0 {
		kinds, err := discover.Discover(ctx, s.Cluster.Discovery)
		if err != nil {
			return watched{}, err
		}
		others, err := applyset.Places(kinds, custom)
		if err != nil {
			return watched{}, err
		}
		found.places = append(found.places, others...)
	}
	return found, nil
}

// configuresMesh tells Istio's own CRDs from those of others: what they
// define configures the mesh, and nothing of it has to come to run.
func configuresMesh(group string) bool { return strings.HasSuffix(group, ".istio.io") }

// runs are the kinds of Kubernetes of which objects have to become ready.
var runs = map[schema.GroupKind]schema.GroupVersionResource{
	{Group: "apps", Kind: "DaemonSet"}:   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	{Group: "apps", Kind: "Deployment"}:  {Group: "apps", Version: "v1", Resource: "deployments"},
	{Group: "apps", Kind: "ReplicaSet"}:  {Group: "apps", Version: "v1", Resource: "replicasets"},
	{Group: "apps", Kind: "StatefulSet"}: {Group: "apps", Version: "v1", Resource: "statefulsets"},
	{Group: "batch", Kind: "Job"}:        {Group: "batch", Version: "v1", Resource: "jobs"},
	{Kind: "PersistentVolumeClaim"}:      {Version: "v1", Resource: "persistentvolumeclaims"},
	{Kind: "Pod"}:                        {Version: "v1", Resource: "pods"},
	{Kind: "ReplicationController"}:      {Version: "v1", Resource: "replicationcontrollers"},
}

// members selects the members of the set, and copies that somebody has made
// of them, which are nobody's but theirs.
func (s *Status) members() string {
	return applyset.Selector(applyset.ID(applyset.ParentName, s.Namespace))
}

// list returns the objects, sorted.
func (s *Status) list(ctx context.Context, places []applyset.Place) ([]*unstructured.Unstructured, error) {
	lists := make([][]unstructured.Unstructured, len(places))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i, place := range places {
		group.Go(func() error {
			list, err := s.Cluster.Dynamic.Resource(place.Resource).Namespace(place.Namespace).
				List(ctx, metav1.ListOptions{LabelSelector: s.members()})
			if err != nil {
				return fmt.Errorf("cannot list %s: %w", place.Resource.Resource, err)
			}
			lists[i] = list.Items
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var all []*unstructured.Unstructured
	for _, list := range lists {
		for i := range list {
			if applyset.IsMember(&list[i], applyset.ID(applyset.ParentName, s.Namespace)) {
				all = append(all, &list[i])
			}
		}
	}
	slices.SortFunc(all, func(a, b *unstructured.Unstructured) int {
		return strings.Compare(manifest.Ref(a).String(), manifest.Ref(b).String())
	})
	return all, nil
}
