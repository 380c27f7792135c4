package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// webhooks looks for those that would refuse what is installed only because
// nobody answers: whose Service does not exist (orphaned, mostly by an
// uninstall) or has no endpoints, or which the API server cannot reach. Those of
// the manifest's own Services only warn: they may not run yet, or be what is
// mended.
func webhooks(ctx context.Context, s *survey) ([]Result, error) {
	all, err := s.configured()
	if err != nil {
		return unseen("webhook configurations", err)
	}
	if len(all) == 0 {
		return passed("no blocking webhooks"), nil
	}
	hooks := slices.DeleteFunc(slices.Clone(all), func(hook hook) bool { return s.Services[hook.serviceName()] })
	places, err := s.places()
	if err != nil {
		return nil, err
	}
	writes := writesOf(s, places)
	gone, err := missingServices(ctx, s, hooks, writes)
	if err != nil {
		return nil, err
	}
	orphaned := orphans(hooks, gone, writes)
	hooks = slices.DeleteFunc(hooks, func(hook hook) bool { return gone[hook.serviceName()] })
	unreachable := probe(ctx, s, hooks, places)
	there := slices.DeleteFunc(slices.Clone(all), func(hook hook) bool { return gone[hook.serviceName()] })
	without, err := silent(ctx, s, there, writes)
	if err != nil {
		return nil, err
	}
	results := slices.Concat(orphaned, unreachable, without)
	if len(results) == 0 {
		return passed("no blocking webhooks"), nil
	}
	return results, nil
}

// readHooks reads all of them.
func readHooks(ctx context.Context, subject Subject) ([]hook, error) {
	var mutating *admissionv1.MutatingWebhookConfigurationList
	var validating *admissionv1.ValidatingWebhookConfigurationList
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		mutating, err = subject.Admission.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
		return err
	})
	group.Go(func() (err error) {
		validating, err = subject.Admission.ValidatingWebhookConfigurations().List(ctx, metav1.ListOptions{})
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return slices.Concat(mutatingHooks(mutating.Items), validatingHooks(validating.Items)), nil
}

// missingServices asks for the Services of those webhooks that matter here,
// once each, and gives those that do not exist.
func missingServices(ctx context.Context, s *survey, hooks []hook, writes []write) (map[string]bool, error) {
	asked := map[string]*admissionv1.ServiceReference{}
	for _, hook := range hooks {
		matters := hook.rulesMatch(anyPod) || slices.ContainsFunc(writes, hook.matches)
		if hook.service != nil && matters {
			asked[hook.serviceName()] = hook.service
		}
	}
	missing := make(chan string, len(asked))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for name, service := range asked {
		group.Go(func() error {
			_, err := s.Core.Services(service.Namespace).Get(ctx, service.Name, metav1.GetOptions{})
			switch {
			case apierrors.IsNotFound(err):
				missing <- name
			case err != nil && !apierrors.IsForbidden(err): // hidden ones get the benefit of the doubt
				return fmt.Errorf("cannot read service %s: %w", name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	close(missing)
	gone := map[string]bool{}
	for name := range missing {
		gone[name] = true
	}
	return gone, nil
}

// anyPod stands for pods that somebody else creates.
var anyPod = write{resource: podResource, operations: []admissionv1.OperationType{admissionv1.Create}, namespace: "any"}

// writesOf returns what the install will have written: its objects, the pods of
// its workloads, and new namespaces. Whether an object is created or updated
// is not told apart: the next install updates it.
func writesOf(s *survey, places map[string]place) []write {
	var writes []write
	for _, workload := range s.Workloads {
		writes = append(writes, podOf(s, workload, places))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Creates)) {
		labels := s.Creates[name]
		if place := places[name]; place.found == nil && !place.hidden {
			writes = append(writes, write{resource: namespaceResource, operations: anyPod.operations, place: labels, labels: labels})
		}
	}
	for _, use := range s.Uses {
		for _, object := range use.Objects {
			write := write{
				resource:   use.Resource,
				operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
				namespace:  use.Namespace,
				labels:     object.Labels,
			}
			switch {
			case use.Namespace != "":
				write.place = s.labelsOf(use.Namespace, places)
			case use.Resource.GroupResource() == namespaceResource.GroupResource():
				write.place = object.Labels
			}
			writes = append(writes, write)
		}
	}
	return writes
}

func podOf(s *survey, workload Workload, places map[string]place) write {
	return write{
		resource:   podResource,
		operations: anyPod.operations,
		namespace:  workload.Namespace,
		place:      s.labelsOf(workload.Namespace, places),
		labels:     workload.Pod.Labels,
	}
}

// orphans returns a result for each configuration and Service that is gone.
func orphans(hooks []hook, gone map[string]bool, writes []write) []Result {
	type orphan struct{ kind, configuration, service string }
	var order []orphan
	found := map[orphan][]hook{}
	for _, hook := range hooks {
		if gone[hook.serviceName()] {
			key := orphan{hook.kind, hook.configuration, hook.serviceName()}
			if found[key] == nil {
				order = append(order, key)
			}
			found[key] = append(found[key], hook)
		}
	}
	var results []Result
	for _, key := range order {
		verdict, what, names := blocked(found[key], writes)
		if verdict == Pass {
			continue
		}
		results = append(results, Result{
			Verdict: verdict,
			Message: fmt.Sprintf("%s %s is orphaned and blocks %s: its service %s does not exist (webhook %s)",
				key.kind, key.configuration, what, key.service, shortList(names)),
			Remedy: "remove it ('" + shell.Line("kubectl delete {} {}", key.kind, key.configuration) + "') if its owner is gone for good",
		})
	}
	return results
}

// blocked returns the worst that orphaned webhooks of one configuration do, and
// their names.
func blocked(hooks []hook, writes []write) (verdict Verdict, what string, names []string) {
	verdict = Pass
	for _, hook := range hooks {
		own, blocks := blocks(hook, writes)
		if own == Pass {
			continue
		}
		names = append(names, hook.name)
		if verdict == Pass || (verdict == Warn && own == Fail) {
			verdict, what = own, blocks
		}
	}
	return verdict, what, names
}

// blocks tells what of the install an orphaned webhook stops, or else whether
// it stops pods elsewhere.
func blocks(hook hook, writes []write) (verdict Verdict, what string) {
	for _, write := range writes {
		if !hook.matches(write) {
			continue
		}
		what = write.what()
		if hook.conditional {
			return Warn, what + ", depending on its matchConditions"
		}
		return Fail, what
	}
	if hook.rulesMatch(anyPod) {
		return Warn, "pods in other namespaces"
	}
	return Pass, ""
}
