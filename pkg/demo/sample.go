package demo

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// samplePrefix begins the names of the inventories of samples, of which each
// has its own: several can be in a namespace, and the demo with them.
const samplePrefix = inventory.ParentName + "-sample-"

// SampleInventory gives the name of the inventory of a sample, which is named
// as in sample.Names.
func SampleInventory(sample string) string { return samplePrefix + sample }

// SampleInstall installs a sample application, has Istio inject its sidecars,
// and looks afterwards whether it did. Sample, Gateway and Path are those of
// sample.Sample, and Read gives what builtin.Sample does. One SampleInstall is
// for one Run.
type SampleInstall struct {
	// Install says what is applied, and how. Its Inventory, NamespaceLabels and
	// Confirm are set here, and routes that are on the cluster are added to
	// what it reads.
	Install
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
	// ResetRoutes takes away the routes that SampleRoute has set.
	ResetRoutes bool
}

// SampleReport is how a sample is after its installation.
type SampleReport struct {
	Results []Result `json:"-"`
	// Label is the one that the namespace was given, or would be; empty where
	// it has what it takes.
	Label     string   `json:"label,omitempty"`
	Sample    string   `json:"sample"`
	Namespace string   `json:"namespace"`
	Sidecars  Sidecars `json:"sidecars"`
	Address   WayIn    `json:"address"`
}

// Run gives the report. Its errors are those of Install.Run, *RefusedError
// where there is no Istio or the namespace keeps sidecars out among them, and
// of ConfirmLabel. That there are no sidecars is none: the sample runs.
func (s *SampleInstall) Run(ctx context.Context) (SampleReport, error) {
	s.Sink, s.DryRun = heard(s.Sink), cmp.Or(s.DryRun, event.DryRunNone)
	report := SampleReport{Sample: s.Sample, Namespace: s.Namespace.Name}
	s.Inventory = SampleInventory(s.Sample)
	if s.DryRun == event.DryRunClient {
		var err error
		report.Results, err = s.Install.Run(ctx)
		return report, err
	}
	if !s.ResetRoutes {
		s.complement = s.keepRoutes
	}
	err := s.mesh(ctx)
	if err != nil {
		return report, ended(ctx, err)
	}
	if report.Label, err = s.prepareLabel(ctx); err != nil {
		return report, ended(ctx, err)
	}
	if report.Results, err = s.Install.Run(ctx); err != nil || s.DryRun != event.DryRunNone {
		return report, err
	}
	if s.Wait {
		if report.Sidecars, err = s.sidecars(ctx, report.Results); err != nil {
			return report, ended(ctx, err)
		}
	}
	report.Address = s.wayIn(ctx)
	return report, nil
}

// mesh refuses a cluster that does not know the kinds that a sample needs, and
// says how it gets to know them.
func (s *SampleInstall) mesh(ctx context.Context) error {
	err := s.serves(ctx, istioNetworking, "no Istio is installed on the cluster", "install it first with 'kubectl istio-demo install'")
	if err != nil || !s.GatewayAPI {
		return err
	}
	return s.serves(ctx, gatewayAPI, "the Gateway API is not on the cluster",
		"install its definitions with 'kubectl apply --server-side -f "+gatewayAPIDefinitions+"', or leave out --gateway-api")
}

// serves refuses a cluster that does not serve a version.
func (s *SampleInstall) serves(ctx context.Context, version schema.GroupVersion, missing, remedy string) error {
	client := discovery.ToDiscoveryInterfaceWithContext(s.Cluster.Discovery)
	_, err := client.ServerResourcesForGroupVersionWithContext(ctx, version.String())
	switch {
	case apierrors.IsNotFound(err):
		return &RefusedError{[]preflight.Result{{Message: missing + ", which does not serve " + version.String(), Remedy: remedy}}}
	case err != nil:
		return fmt.Errorf("cannot ask whether the cluster serves %s: %w", version, err)
	}
	return nil
}

// gatewayAPIDefinitions are of the release that Istio 1.31 is built with.
const gatewayAPIDefinitions = "https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.0/standard-install.yaml"

// The versions that samples are of.
var (
	istioNetworking = schema.GroupVersion{Group: "networking.istio.io", Version: "v1"}
	gatewayAPI      = schema.GroupVersion{Group: "gateway.networking.k8s.io", Version: "v1"}
)

// SampleList tells where samples are installed.
type SampleList struct {
	Cluster *Cluster
	// Namespace is where to look if the user may not look everywhere.
	Namespace string
}

// Run gives the namespaces of each sample that is installed, sorted. Everywhere
// is false where only the namespace could be looked at. The error is the API
// server's, or the cause of the context's end.
func (s *SampleList) Run(ctx context.Context) (installed map[string][]string, everywhere bool, err error) {
	place := inventory.Place{Kind: schema.GroupKind{Kind: "ConfigMap"}, Resource: schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}}
	found, err := inventory.List(ctx, s.Cluster.Metadata, []inventory.Place{place}, inventory.IDLabel)
	everywhere = !apierrors.IsForbidden(err)
	if !everywhere {
		place.Namespace = s.Namespace
		found, err = inventory.List(ctx, s.Cluster.Metadata, []inventory.Place{place}, inventory.IDLabel)
	}
	installed = map[string][]string{}
	for _, parent := range found {
		ours := parent.Meta.Labels[inventory.IDLabel] == inventory.ID(parent.Ref.Name, parent.Ref.Namespace)
		if name, is := strings.CutPrefix(parent.Ref.Name, samplePrefix); is && ours {
			installed[name] = append(installed[name], parent.Ref.Namespace)
		}
	}
	return installed, everywhere, ended(ctx, err)
}

// SampleUninstall takes a sample away, and the namespace's label if the sample
// has put it there and no other one wants it.
type SampleUninstall struct {
	// Uninstall says how. Its Inventory is set here.
	Uninstall
	Sample string
}

// Run gives what Uninstall.Run does, its errors included; unlabelled tells
// whether the namespace has lost its label.
func (s *SampleUninstall) Run(ctx context.Context) (removal Removal, unlabelled bool, err error) {
	s.Inventory = SampleInventory(s.Sample)
	removal, err = s.Uninstall.Run(ctx)
	if err != nil || s.DryRun != event.DryRunNone {
		return removal, false, err
	}
	unlabelled, err = releaseLabels(ctx, s.Cluster, s.Namespace, s.Inventory)
	return removal, unlabelled, ended(ctx, err)
}
