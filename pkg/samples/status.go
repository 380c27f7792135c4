package samples

import (
	"context"
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/status"
)

// Status tells how a sample is. Cluster, Namespace and Sample are needed.
type Status struct {
	Cluster   *cluster.Cluster
	Namespace string
	Sample    string
	// Path is where the sample can be seen, as in Install.
	Path string
	// Routable is set where it has services to route between.
	Routable bool
	// Sink, if set, is told what cannot be looked at.
	Sink event.Sink
}

// State is how a sample is.
type State struct {
	status.Report
	Sample   string   `json:"sample"`
	Sidecars Sidecars `json:"sidecars"`
	// Routes are those of services that have one.
	Routes  []ServiceRoute `json:"routes,omitempty"`
	Address Page           `json:"address"`
}

// Run returns the state. Its errors are *NotInstalledError, and those of
// status.Status.Run.
func (s *Status) Run(ctx context.Context) (State, error) {
	state, err := s.state(ctx)
	return state, cluster.CauseOf(ctx, err)
}

func (s *Status) state(ctx context.Context) (State, error) {
	state := State{Sample: s.Sample}
	var err error
	state.Report, err = (&status.Status{Cluster: s.Cluster, Namespace: s.Namespace, Inventory: applyset.SampleName(s.Sample)}).Run(ctx)
	var none *status.NotInstalledError
	if errors.As(err, &none) {
		return state, &NotInstalledError{Sample: s.Sample, Namespace: s.Namespace, Elsewhere: none.Elsewhere}
	}
	if err != nil {
		return state, err
	}
	sink := s.Sink
	if sink == nil {
		sink = event.Discard
	}
	look := &Install{Sample: s.Sample, Path: s.Path, Install: install.Install{Cluster: s.Cluster, Namespace: manifest.Namespace{Name: s.Namespace}, Sink: sink}}
	if state.Sidecars, err = look.installedSidecars(ctx); err != nil {
		return state, err
	}
	if s.Routable {
		all, err := (&Routing{Cluster: s.Cluster, Namespace: s.Namespace, Sample: s.Sample}).Run(ctx)
		if err != nil {
			return state, err
		}
		for _, route := range all {
			if len(route.Weights) > 0 {
				state.Routes = append(state.Routes, route)
			}
		}
	}
	state.Address = look.page(ctx)
	return state, nil
}

// installedSidecars counts the sidecars of the sample's Deployments.
func (s *Install) installedSidecars(ctx context.Context) (Sidecars, error) {
	id := applyset.ID(s.inventory(), s.Namespace.Name)
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	found, err := s.Cluster.Dynamic.Resource(deployments).Namespace(s.Namespace.Name).List(ctx, metav1.ListOptions{LabelSelector: applyset.Selector(id)})
	if err != nil {
		return Sidecars{}, fmt.Errorf("cannot list deployments: %w", err)
	}
	var results []install.Result
	for i := range found.Items {
		if deployment := &found.Items[i]; applyset.IsMember(deployment, id) {
			results = append(results, install.Result{Ref: manifest.Ref(deployment), Stored: deployment})
		}
	}
	return s.sidecars(ctx, results)
}
