package samples

import (
	"context"
	"errors"
	"sync"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// WithMesh installs the mesh and samples in it, whose pods begin as soon as istiod
// injects sidecars, and before the addons. One WithMesh is for one Run, which is
// none of a dry run.
type WithMesh struct {
	// Mesh is what is installed first. Its Beside and Confirm are set here.
	Mesh install.Install
	// Samples are as for themselves, but for their Cluster, Wait and Sink, which are
	// those of the mesh. About labels is asked before anything is written.
	Samples []*Install
}

// Run returns what was applied for the mesh, and the reports on the samples that it
// came to. Its errors are those of both, joined.
func (w *WithMesh) Run(ctx context.Context) ([]install.Result, []Report, error) {
	beside := &install.Beside{}
	var questions []func(context.Context) error
	for _, s := range w.Samples {
		s.Cluster, s.Wait, s.Sink = w.Mesh.Cluster, w.Mesh.Wait, w.Mesh.Sink
		question, err := s.question(ctx)
		if err != nil {
			return nil, nil, cluster.CauseOf(ctx, err)
		}
		if question != nil {
			questions = append(questions, question)
		}
		workloads, err := s.workloads(ctx)
		if err != nil {
			return nil, nil, err
		}
		beside.Workloads = append(beside.Workloads, workloads...)
	}
	if len(questions) > 0 {
		w.Mesh.Confirm = func(ctx context.Context) error {
			for _, question := range questions {
				if err := question(ctx); err != nil {
					return err
				}
			}
			return nil
		}
	}
	var reports []Report
	beside.Run = func(ctx context.Context, sink event.Sink) (err error) {
		reports, err = w.installAll(ctx, sink)
		return err
	}
	w.Mesh.Beside = beside
	results, err := w.Mesh.Run(ctx)
	return results, reports, err
}

// question returns what to ask before the namespace is labelled, if that is to be
// asked; the sample itself does not ask any more.
func (s *Install) question(ctx context.Context) (func(context.Context) error, error) {
	s.Inventory = s.inventory()
	_, err := s.prepareLabel(ctx)
	question := s.Confirm
	s.Confirm, s.ConfirmLabel = nil, nil
	return question, err
}

// workloads names the Deployments of a sample.
func (s *Install) workloads(ctx context.Context) ([]event.Object, error) {
	read, err := s.Read(ctx)
	if err != nil {
		return nil, &manifest.InputError{Err: err}
	}
	var all []event.Object
	for _, object := range read.Objects {
		if ref := manifest.Ref(object.Unstructured); ref.Kind == "Deployment" {
			ref.Namespace = s.Namespace.Name
			all = append(all, ref)
		}
	}
	return all, nil
}

// installAll installs the samples at once, and reports on those that are installed.
func (w *WithMesh) installAll(ctx context.Context, sink event.Sink) ([]Report, error) {
	all, errs := make([]Report, len(w.Samples)), make([]error, len(w.Samples))
	var group sync.WaitGroup
	for n, s := range w.Samples {
		s.Sink, s.withMesh = sink, true
		group.Go(func() { all[n], errs[n] = s.Run(ctx) })
	}
	group.Wait()
	var reports []Report
	for n := range all {
		if errs[n] == nil {
			reports = append(reports, all[n])
		}
	}
	return reports, errors.Join(errs...)
}
