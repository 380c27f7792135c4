// Package status owns the report on an installation: its workloads, whether they
// are ready, and why not.
package status

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// Status tells whether what is installed runs, by the inventory. The cluster
// and the namespace are needed. It can be used by many goroutines.
type Status struct {
	Cluster   *cluster.Cluster
	Namespace string
	// Inventory names the ConfigMap that lists what is installed; empty for the
	// demo's, applyset.ParentName.
	Inventory string
}

// Report is how an installation is.
type Report struct {
	// Source names for people what is installed.
	Source    string `json:"source"`
	Namespace string `json:"namespace"`
	// Settings are what the user has said of the built-in demo; nil for other
	// manifests, and where an older version has not kept them.
	Settings *manifest.Settings `json:"settings,omitempty"`
	// Ready is true where all of the workloads are, and nothing is missing.
	Ready bool `json:"ready"`
	// Objects counts what was installed and has to exist; 0 where the inventory is
	// of a version that did not list it.
	Objects int `json:"objects,omitempty"`
	// Workloads are sorted by kind, namespace and name. Those that are missing are
	// among them.
	Workloads []Workload `json:"workloads"`
	// Missing are the kinds of which something was installed and nothing is
	// there: deployment.apps.
	Missing []string `json:"missing,omitempty"`
	// MissingObjects do not exist any more. Unlabelled ones exist, and are no
	// longer labelled as members of the inventory, or by somebody else: no
	// uninstall would find them. Both are sorted.
	MissingObjects []Object `json:"missingObjects,omitempty"`
	Unlabelled     []Object `json:"unlabelled,omitempty"`
	// Warnings are of what keeps nothing from being ready.
	Warnings []string `json:"warnings,omitempty"`
}

// Object names an object.
type Object struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Run returns the report, with an explanation for whatever is not ready; it does
// not wait. Its errors are *NotInstalledError, the cause of the context's end, and
// those of the API server; that something does not run is none. It takes a request
// for the inventory, one for each kind and namespace of what it lists, one for
// Telemetries where it has CRDs, one for each object that is missing, and at most
// seven more for a workload that is not ready.
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
	seen, err := s.read(ctx, found)
	if err != nil {
		return Report{}, err
	}
	report := Report{
		Source: found.source, Namespace: s.Namespace, Objects: len(found.members), Settings: found.settings,
		Missing: missing(found, seen.workloads), Warnings: seen.warnings,
	}
	report.Workloads = s.explain(ctx, seen.workloads)
	for _, lost := range seen.lost {
		report.add(lost, found.runs(lost.ref))
	}
	slices.SortStableFunc(report.Workloads, func(a, b Workload) int { return strings.Compare(a.ref().String(), b.ref().String()) })
	unready := slices.ContainsFunc(report.Workloads, func(workload Workload) bool { return !workload.Ready })
	report.Ready = !unready && len(report.Missing)+len(report.MissingObjects)+len(report.Unlabelled) == 0
	return report, nil
}

// add adds a member that is lost, and a workload for it if it should run.
func (r *Report) add(lost lostMember, runs bool) {
	object := Object{Group: lost.ref.Group, Kind: lost.ref.Kind, Namespace: lost.ref.Namespace, Name: lost.ref.Name}
	message := "missing"
	if lost.exists {
		message = "no longer labelled"
		r.Unlabelled = append(r.Unlabelled, object)
	} else {
		r.MissingObjects = append(r.MissingObjects, object)
	}
	if runs {
		r.Workloads = append(r.Workloads, Workload{Group: object.Group, Kind: object.Kind, Namespace: object.Namespace, Name: object.Name, Message: message})
	}
}

// explain reads workloads, with findings for those that are not ready.
func (s *Status) explain(ctx context.Context, objects []*unstructured.Unstructured) []Workload {
	workloads := make([]Workload, len(objects))
	var unready []*unstructured.Unstructured
	var at []int // among all
	for i, object := range objects {
		workloads[i] = workload(object)
		if !workloads[i].Ready && workloads[i].Findings == nil {
			unready, at = append(unready, object), append(at, i)
		}
	}
	findings, _ := diagnose.Workloads(ctx, s.Cluster.Core, unready)
	for n, i := range at {
		workloads[i].Findings = findings[n]
	}
	return workloads
}

// sight is what the cluster has of an installation.
type sight struct {
	workloads []*unstructured.Unstructured
	lost      []lostMember
	warnings  []string
}

// read lists the members, and looks for Telemetries without effect meanwhile.
func (s *Status) read(ctx context.Context, found watched) (sight, error) {
	var seen sight
	var others *census
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		seen.workloads, err = s.list(groupCtx, found.places)
		return err
	})
	group.Go(func() (err error) {
		others, err = s.count(groupCtx, found)
		return err
	})
	if found.crds {
		group.Go(func() error {
			result, err := preflight.Telemetry(groupCtx, s.Cluster.Dynamic, s.Namespace, nil)
			if result.Verdict == preflight.Warn {
				seen.warnings = []string{result.Message + "; " + result.Remedy}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return seen, err
	}
	for _, object := range seen.workloads {
		others.present[manifest.Ref(object)] = true
	}
	var err error
	seen.lost, err = s.search(ctx, found, others)
	seen.warnings = append(seen.warnings, others.unseen()...)
	return seen, err
}

func (s *Status) id() string {
	return applyset.ID(cmp.Or(s.Inventory, applyset.ParentName), s.Namespace)
}

// members selects the members of the set, and copies that somebody has made
// of them, which are nobody's but theirs.
func (s *Status) members() string {
	return applyset.Selector(s.id())
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
			if applyset.IsMember(&list[i], s.id()) {
				all = append(all, &list[i])
			}
		}
	}
	slices.SortFunc(all, func(a, b *unstructured.Unstructured) int {
		return strings.Compare(manifest.Ref(a).String(), manifest.Ref(b).String())
	})
	return all, nil
}
