package install

import (
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/schedule"
)

// plan is a dry run that asks no server. What one of today would have upgraded
// is upgraded.
func (i *Install) plan(read manifest.Manifest) ([]Result, error) {
	served, err := apiupgrade.Release(apiupgrade.Latest)
	if err != nil {
		return nil, err
	}
	upgraded, err := i.upgrade(read.Objects, served)
	if err == nil && !i.SkipUnsupported {
		err = upgraded.Err()
	}
	if err != nil {
		return nil, &manifest.InputError{Err: err}
	}
	objects, warnings, err := Plan(upgraded.Objects, i.Namespace, read.LastWins)
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		i.Sink(event.Warning{Message: warning})
	}
	i.start(read.What, len(objects))
	i.reportUpgrades(upgraded, apiupgrade.Latest)
	var results []Result
	for _, object := range objects {
		results = append(results, Result{
			Ref:    manifest.Ref(object.Unstructured),
			Stored: object.Unstructured,
			Action: event.Planned,
		})
	}
	return results, nil
}

// Plan returns the objects that an install would apply, without a cluster, in the
// order in which it would, with the namespace in front where the manifest does
// not bring it. The objects themselves are given their namespaces. lastWins is that
// of the manifest, and the warnings are of objects that come twice. Its error is
// an *InputError, for an object that comes twice and differs, is of another
// namespace than an explicit one, or would take the inventory's place.
func Plan(objects []manifest.Object, namespace manifest.Namespace, lastWins bool) (planned []manifest.Object, warnings []string, err error) {
	objects, warnings, err = manifest.Place(objects, manifest.OfflineScope(objects), namespace, lastWins)
	if err == nil {
		err = unreserved(objects, applyset.ParentName, namespace.Name)
	}
	if err != nil {
		return nil, nil, &manifest.InputError{Err: err}
	}
	return schedule.Order(manifest.WithNamespace(objects, namespace.Name)), warnings, nil
}
