package access

import (
	"context"
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// proxyName is what [TYPE/]NAME[.NAMESPACE] means.
type proxyName struct{ kind, namespace, name string }

// owners are the types that have pods, by the names that kubectl knows.
var owners = map[string]schema.GroupVersionResource{
	"daemonset":   {Group: "apps", Version: "v1", Resource: "daemonsets"},
	"deployment":  {Group: "apps", Version: "v1", Resource: "deployments"},
	"replicaset":  {Group: "apps", Version: "v1", Resource: "replicasets"},
	"service":     {Version: "v1", Resource: "services"},
	"statefulset": {Group: "apps", Version: "v1", Resource: "statefulsets"},
}

// otherTypes are the other names of owners, and of pods.
var otherTypes = map[string]string{
	"daemonsets": "daemonset", "ds": "daemonset",
	"deployments": "deployment", "deploy": "deployment",
	"pods": "pod", "po": "pod",
	"replicasets": "replicaset", "rs": "replicaset",
	"services": "service", "svc": "service",
	"statefulsets": "statefulset", "sts": "statefulset",
}

// ValidateProxy refuses, with an error that says what is wrong, what cannot name a
// proxy: [TYPE/]NAME[.NAMESPACE], as `istioctl dashboard envoy` takes it.
func ValidateProxy(text string) error {
	_, err := parseProxy(text, "")
	return err
}

// parseProxy reads [TYPE/]NAME[.NAMESPACE], as istioctl does: the namespace is
// what comes after the last dot.
func parseProxy(text, namespace string) (proxyName, error) {
	read := proxyName{kind: "pod", namespace: namespace, name: text}
	if kind, name, found := strings.Cut(text, "/"); found {
		read.kind, read.name = strings.ToLower(kind), name
		if long, ok := otherTypes[read.kind]; ok {
			read.kind = long
		}
		if _, ok := owners[read.kind]; !ok && read.kind != "pod" {
			return proxyName{}, fmt.Errorf("unsupported type %q; use pod, deployment, statefulset, daemonset, replicaset or service", kind)
		}
	}
	if dot := strings.LastIndex(read.name, "."); dot >= 0 {
		read.name, read.namespace = read.name[:dot], read.name[dot+1:]
		if wrong := validation.IsDNS1123Label(read.namespace); len(wrong) > 0 {
			return proxyName{}, fmt.Errorf("invalid namespace %q: %s", read.namespace, wrong[0])
		}
	}
	if wrong := validation.IsDNS1123Subdomain(read.name); len(wrong) > 0 {
		return proxyName{}, fmt.Errorf("invalid %s name %q: %s", read.kind, read.name, wrong[0])
	}
	return read, nil
}

// choose has a forward go to the pod that is named, or to those of what is
// named. A proxy is looked at although its pod is not ready.
func (d *Dashboard) choose(ctx context.Context, forward *podForward) error {
	named, err := parseProxy(d.Proxy, d.Namespace)
	if err != nil {
		return &manifest.InputError{Err: err}
	}
	forward.namespace = named.namespace
	forward.candidates.unready = true
	if named.kind == "pod" {
		forward.narrow = func(options *metav1.ListOptions) {
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", named.name).String()
		}
		forward.candidates.none = func() error {
			return fmt.Errorf("pod %s not found in namespace %s; list pods with %s, or choose another namespace with -n", named.name, named.namespace,
				"'kubectl get pods"+shell.In(named.namespace)+"'")
		}
		forward.candidates.replaced = func() error {
			return fmt.Errorf("pod %s/%s is gone; forward to its deployment to follow its successors: '%s'", named.namespace, named.name,
				shell.Line("kubectl istio-demo dashboard {} deployment/NAME.{}", d.Name, named.namespace))
		}
		return nil
	}
	selector, err := d.podsOf(ctx, named)
	if err != nil {
		return err
	}
	forward.narrow = func(options *metav1.ListOptions) { options.LabelSelector = selector.String() }
	forward.candidates.none = func() error {
		return fmt.Errorf("%s %s/%s has no pods", named.kind, named.namespace, named.name)
	}
	return nil
}

// podsOf returns the selector of what has pods.
func (d *Dashboard) podsOf(ctx context.Context, named proxyName) (labels.Selector, error) {
	ctx, cancel := d.Local.limit(ctx)
	defer cancel()
	object, err := d.Cluster.Dynamic.Resource(owners[named.kind]).Namespace(named.namespace).Get(ctx, named.name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("%s %s not found in namespace %s; choose another namespace with -n", named.kind, named.name, named.namespace)
	case err != nil:
		return nil, cluster.CauseOf(ctx, fmt.Errorf("cannot read %s %s/%s: %w", named.kind, named.namespace, named.name, err))
	}
	selector, err := selectorOf(object)
	if err != nil || selector.Empty() {
		return nil, fmt.Errorf("%s %s/%s selects no pods", named.kind, named.namespace, named.name)
	}
	return selector, nil
}

// selectorOf reads the selector of a workload, or that of a Service.
func selectorOf(object *unstructured.Unstructured) (labels.Selector, error) {
	if object.GetKind() == "Service" {
		set, _, err := unstructured.NestedStringMap(object.Object, "spec", "selector")
		return labels.SelectorFromSet(set), err
	}
	field, _, err := unstructured.NestedMap(object.Object, "spec", "selector")
	if err != nil {
		return nil, err
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(field, &selector); err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(&selector)
}
