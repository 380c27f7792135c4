package install

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"

	"context"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// subject is what the checks are to look at, but for what exists already and
// what the user may do.
func (i *Install) subject(r *resolved) preflight.Subject {
	read, targets := r.manifest, r.targets
	subject := preflight.Subject{
		Skip:           i.Skip,
		Version:        discovery.ToServerVersionInterfaceWithContext(i.Cluster.Discovery),
		Metadata:       i.Cluster.Metadata,
		Dynamic:        i.Cluster.Dynamic,
		Home:           i.Namespace.Name,
		Core:           i.Cluster.Core,
		Admission:      i.Cluster.Admission,
		MinimumVersion: read.MinimumVersion,
		Architectures:  read.Architectures,
		Uses:           usesOfTargets(targets, r.inventory).All(),
		Creates:        map[string]map[string]string{},
		Services:       map[string]bool{},
		Sizes:          map[string]int{},
		Fresh:          !r.inventory.Exists,
		Watches:        i.Wait && i.DryRun == event.DryRunNone,
		Prunes:         i.Prune && r.inventory.Exists && i.DryRun == event.DryRunNone,
	}
	if i.Inventory == "" {
		subject.Roles = shell.Demo("rbac", i.Namespace.Name)
	}
	namespaces := map[string]bool{}
	for _, target := range targets {
		if manifest.IsNamespace(target.Object) {
			subject.Creates[target.Ref.Name] = i.labelsOf(target)
			namespaces[target.Ref.Name] = true
		}
		if target.Ref.Namespace != "" {
			namespaces[target.Ref.Namespace] = true
		}
		if bytes := apply.StoredSize(target.Object); bytes > preflight.MaxSize {
			subject.Sizes[target.Source+": "+target.Ref.String()] = bytes
		}
		if workload, ok := workloadOf(target); ok {
			subject.Workloads = append(subject.Workloads, workload)
		}
		if kindOf(target) == (schema.GroupKind{Kind: "Service"}) {
			subject.Services[target.Ref.Namespace+"/"+target.Ref.Name] = true
		}
		if balancer, ok := loadBalancerOf(target); ok {
			subject.LoadBalancers = append(subject.LoadBalancers, balancer)
		}
	}
	subject.Namespaces = slices.Sorted(maps.Keys(namespaces))
	return subject
}

func kindOf(target apply.Target) schema.GroupKind {
	return target.Object.GroupVersionKind().GroupKind()
}

// workloadOf returns what the checks need of an object that has pods. What
// cannot be read as such is for the server to refuse.
func workloadOf(target apply.Target) (preflight.Workload, bool) {
	workload := preflight.Workload{
		What:      target.Ref.String(),
		Namespace: target.Ref.Namespace,
		Replicas:  1,
	}
	template := []string{"spec", "template"}
	switch kindOf(target) {
	case schema.GroupKind{Group: "apps", Kind: "Deployment"},
		schema.GroupKind{Group: "apps", Kind: "StatefulSet"},
		schema.GroupKind{Group: "apps", Kind: "ReplicaSet"},
		schema.GroupKind{Kind: "ReplicationController"}:
		workload.Replicas = number(target.Object, "spec", "replicas")
	case schema.GroupKind{Group: "batch", Kind: "Job"}:
		workload.Replicas = number(target.Object, "spec", "parallelism")
	case schema.GroupKind{Group: "apps", Kind: "DaemonSet"}:
		workload.EachNode = true
	case schema.GroupKind{Kind: "Pod"}:
		template = nil
	default:
		return workload, false
	}
	fields, found, err := unstructured.NestedMap(target.Object.Object, template...)
	if err != nil || !found {
		return workload, false
	}
	pod := map[string]any{"metadata": fields["metadata"], "spec": fields["spec"]}
	var read corev1.PodTemplateSpec
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(pod, &read); err != nil {
		return workload, false
	}
	workload.Pod = read
	return workload, true
}

// number is 1 where there is none, which is Kubernetes' default for how many
// pods there are.
func number(object *unstructured.Unstructured, path ...string) int {
	field, _, _ := unstructured.NestedFieldNoCopy(object.Object, path...)
	switch field := field.(type) {
	case int64:
		return int(field)
	case float64:
		return int(field)
	}
	return 1
}

// added returns what does not exist of targets that have been observed.
func added(targets []apply.Target) preflight.Added {
	var added preflight.Added
	for _, target := range targets {
		if target.Live != nil {
			continue
		}
		if workload, ok := workloadOf(target); ok {
			added.Workloads = append(added.Workloads, workload)
		}
		if balancer, ok := loadBalancerOf(target); ok {
			added.LoadBalancers = append(added.LoadBalancers, balancer)
		}
	}
	return added
}

// loadBalancerOf returns a Service of type LoadBalancer.
func loadBalancerOf(target apply.Target) (preflight.LoadBalancer, bool) {
	kind, _, _ := unstructured.NestedString(target.Object.Object, "spec", "type")
	if kindOf(target) != (schema.GroupKind{Kind: "Service"}) || kind != string(corev1.ServiceTypeLoadBalancer) {
		return preflight.LoadBalancer{}, false
	}
	return preflight.LoadBalancer{Namespace: target.Ref.Namespace, Name: target.Ref.Name}, true
}

// usesOfTargets gathers what an install writes. A namespace that is left alone
// if it exists is none of that; the inventory is, whatever the manifest has.
func usesOfTargets(targets []apply.Target, inventory *applyset.Inventory) *preflight.Uses {
	gathered := &preflight.Uses{}
	gathered.Add(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, inventory.Parent.Namespace, preflight.Object{Name: inventory.Parent.Name})
	for _, target := range targets {
		if !target.IfAbsent {
			gathered.Add(target.Resource, target.Ref.Namespace, preflight.Object{Name: target.Ref.Name, Labels: target.Object.GetLabels()})
		}
	}
	return gathered
}

// checkSurge adds the verdict on the room for updates of existing Deployments. The
// nodes are read only if there is one.
func (i *Install) checkSurge(ctx context.Context, c *checked) error {
	const name = "capacity"
	var changed []preflight.Workload
	for _, target := range c.targets {
		if workload, hasPods := workloadOf(target); hasPods && surges(target) && workload.Replicas > 0 {
			changed = append(changed, workload)
		}
	}
	if len(changed) == 0 || i.Skip[name] {
		return nil
	}
	results, err := preflight.Surge(ctx, c.subject, changed)
	if err != nil || len(results) == 0 {
		return err
	}
	at := slices.IndexFunc(c.results, func(result preflight.Result) bool { return result.Name == name })
	if at >= 0 && c.results[at].Verdict == preflight.Pass {
		c.results = slices.Delete(c.results, at, at+1)
	}
	c.results = slices.Insert(c.results, max(at, 0), results...)
	return nil
}

// surges reports whether an existing object is updated by adding pods before others
// go.
func surges(target apply.Target) bool {
	kind, _, _ := unstructured.NestedString(target.Object.Object, "spec", "strategy", "type")
	return target.Changes && kindOf(target) == (schema.GroupKind{Group: "apps", Kind: "Deployment"}) && kind != "Recreate"
}
