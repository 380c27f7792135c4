// Package samples owns the use cases of the sample applications: install,
// uninstall, list, and the routes between their services.
package samples

import (
	"cmp"
	"context"
	"fmt"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// Install installs a sample application, has Istio inject its sidecars,
// and looks afterwards whether it did. Sample, Gateway and Path are those of
// sample.Sample, and Read gives what builtin.Sample does. One Install is
// for one Run.
type Install struct {
	// Install says what is applied, and how. Its Inventory, NamespaceLabels and
	// Confirm are set here, and routes that are on the cluster are added to
	// what it reads.
	install.Install
	Sample string
	// Gateway names the sample's, and GatewayAPI tells of which kind it is.
	Gateway    string
	GatewayAPI bool
	// Path is where the sample can be seen, behind the gateway's address.
	Path string
	// Inject has the namespace labelled for injection. Where the namespace
	// exists already, ConfirmLabel, if set, is asked before, and nothing is
	// written unless it gives nil.
	Inject       bool
	ConfirmLabel func(ctx context.Context, label string) error
	// ResetRoutes removes the routes that Routing has set.
	ResetRoutes bool

	// withMesh is set where the mesh is being installed.
	withMesh bool
}

// Report is how a sample is after its installation.
type Report struct {
	Results []install.Result `json:"-"`
	// Label is the one that the namespace was given, or would be; empty where
	// it has what it takes.
	Label     string   `json:"label,omitempty"`
	Sample    string   `json:"sample"`
	Namespace string   `json:"namespace"`
	Sidecars  Sidecars `json:"sidecars"`
	Address   Page     `json:"address"`
}

// Run returns the report. Its errors are those of Install.Run, *RefusedError
// where there is no Istio or the namespace keeps sidecars out among them, and
// of ConfirmLabel. That there are no sidecars is none: the sample runs.
func (s *Install) Run(ctx context.Context) (Report, error) {
	s.Sink, s.DryRun = redact.Sink(s.Sink), cmp.Or(s.DryRun, event.DryRunNone)
	report := Report{Sample: s.Sample, Namespace: s.Namespace.Name}
	s.Inventory = s.inventory()
	if s.DryRun == event.DryRunClient {
		var err error
		report.Results, err = s.Install.Run(ctx)
		return report, err
	}
	if !s.ResetRoutes {
		s.Amend = s.keepRoutes
	}
	err := s.mesh(ctx)
	if err != nil {
		return report, cluster.CauseOf(ctx, err)
	}
	if report.Label, err = s.prepareLabel(ctx); err != nil {
		return report, cluster.CauseOf(ctx, err)
	}
	if report.Results, err = s.Install.Run(ctx); err != nil || s.DryRun != event.DryRunNone {
		return report, err
	}
	if s.Wait {
		if report.Sidecars, err = s.sidecars(ctx, report.Results); err != nil {
			return report, cluster.CauseOf(ctx, err)
		}
	}
	report.Address = s.page(ctx)
	return report, nil
}

func (s *Install) inventory() string { return applyset.SampleName(s.Sample) }

// mesh refuses a cluster that does not know the kinds that a sample needs, or where
// nobody would act on them, and says how it gets there.
func (s *Install) mesh(ctx context.Context) error {
	var idle error
	var group sync.WaitGroup
	if !s.withMesh {
		group.Go(func() { idle = s.running(ctx) })
	}
	err := s.serves(ctx, istioNetworking, "Istio is not installed", installFirst)
	group.Wait()
	if err = cmp.Or(err, idle); err != nil || !s.GatewayAPI {
		return err
	}
	return s.serves(ctx, gatewayAPI, "the Gateway API is not installed",
		"install its CRDs with 'kubectl apply --server-side -f "+gatewayAPICRDs+"', or leave out --gateway-api")
}

// serves refuses a cluster that does not serve a version.
func (s *Install) serves(ctx context.Context, version schema.GroupVersion, missing, remedy string) error {
	client := discovery.ToDiscoveryInterfaceWithContext(s.Cluster.Discovery)
	_, err := client.ServerResourcesForGroupVersionWithContext(ctx, version.String())
	switch {
	case apierrors.IsNotFound(err):
		return &preflight.RefusedError{Failed: []preflight.Result{{Message: missing + ": the cluster does not serve " + version.String(), Remedy: remedy}}}
	case err != nil:
		return fmt.Errorf("cannot check whether the cluster serves %s: %w", version, err)
	}
	return nil
}

// gatewayAPICRDs are of the release that Istio 1.31 is built with.
const gatewayAPICRDs = "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.0/standard-install.yaml"

// The versions that samples are of.
var (
	istioNetworking = schema.GroupVersion{Group: "networking.istio.io", Version: "v1"}
	gatewayAPI      = schema.GroupVersion{Group: "gateway.networking.k8s.io", Version: "v1"}
)
