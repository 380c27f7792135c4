package samples

import (
	"context"
	"fmt"
	"slices"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// Sidecars tells how many pods of a sample have one.
type Sidecars struct {
	Pods     int `json:"pods"`
	Injected int `json:"injected"`
	// Why is the reason where some have none, and Remedy what to do about it.
	Why    string `json:"why,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// injectors selects Istio's webhooks that inject sidecars.
const injectors = "app=sidecar-injector"

// injectionState is what decides whether a pod gets a sidecar.
type injectionState struct {
	namespace *metav1.PartialObjectMetadata
	// injectors are the webhooks that would inject; hidden where the user may
	// not look.
	injectors []admissionv1.MutatingWebhookConfiguration
	hidden    bool
	// gone names the Service of an injector that does not exist.
	gone string
}

// sidecars counts those of the pods of the deployments that were applied.
func (s *Install) sidecars(ctx context.Context, results []install.Result) (Sidecars, error) {
	pods, err := s.Cluster.Core.Pods(s.Namespace.Name).List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		s.Sink(event.Warning{Message: "cannot check for sidecars: no permission to list pods"})
		return Sidecars{}, nil
	}
	if err != nil {
		return Sidecars{}, fmt.Errorf("cannot list the pods of namespace %s: %w", s.Namespace.Name, err)
	}
	var without []corev1.Pod
	count := Sidecars{}
	for _, pod := range podsOf(results, pods.Items) {
		count.Pods++
		if hasSidecar(pod) {
			count.Injected++
		} else {
			without = append(without, pod)
		}
	}
	if len(without) == 0 {
		return count, nil
	}
	around, err := s.surroundings(ctx)
	if err != nil {
		return count, err
	}
	count.Why, count.Remedy = withoutSidecar(without, around, s.Namespace.Name, deploymentsOf(results))
	return count, nil
}

// deploymentsOf names those that were applied.
func deploymentsOf(results []install.Result) []string {
	var names []string
	for _, result := range results {
		if result.Ref.Kind == "Deployment" {
			names = append(names, result.Ref.Name)
		}
	}
	slices.Sort(names)
	return names
}

// podsOf returns the pods of deployments, without those that are going.
func podsOf(results []install.Result, pods []corev1.Pod) []corev1.Pod {
	var selectors []labels.Selector
	for _, result := range results {
		var deployment appsv1.Deployment
		if result.Ref.Kind != "Deployment" || runtime.DefaultUnstructuredConverter.FromUnstructured(result.Stored.Object, &deployment) != nil {
			continue
		}
		if selector, err := metav1.LabelSelectorAsSelector(deployment.Spec.Selector); err == nil {
			selectors = append(selectors, selector)
		}
	}
	return slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool {
		return pod.DeletionTimestamp != nil || !slices.ContainsFunc(selectors, func(selector labels.Selector) bool {
			return selector.Matches(labels.Set(pod.Labels))
		})
	})
}

// hasSidecar reports whether Istio's proxy is in a pod, as a container beside
// the others or as one that starts before them and goes on.
func hasSidecar(pod corev1.Pod) bool {
	const name = "istio-proxy"
	beside := func(container corev1.Container) bool { return container.Name == name }
	before := func(container corev1.Container) bool {
		return container.Name == name && container.RestartPolicy != nil && *container.RestartPolicy == corev1.ContainerRestartPolicyAlways
	}
	return slices.ContainsFunc(pod.Spec.Containers, beside) || slices.ContainsFunc(pod.Spec.InitContainers, before)
}

// surroundings reads them. What the user may not see is left out.
func (s *Install) surroundings(ctx context.Context) (injectionState, error) {
	var around injectionState
	found, err := s.Cluster.Metadata.Resource(namespaces).Get(ctx, s.Namespace.Name, metav1.GetOptions{})
	switch {
	case err == nil:
		around.namespace = found
	case !apierrors.IsForbidden(err):
		return around, fmt.Errorf("cannot read namespace %s: %w", s.Namespace.Name, err)
	}
	hooks, err := s.Cluster.Admission.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{LabelSelector: injectors})
	switch {
	case err == nil:
		around.injectors = hooks.Items
	case apierrors.IsForbidden(err):
		around.hidden = true
	default:
		return around, fmt.Errorf("cannot list mutatingwebhookconfigurations: %w", err)
	}
	for _, service := range servicesOf(around.injectors) {
		_, err := s.Cluster.Core.Services(service.Namespace).Get(ctx, service.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			around.gone = service.Namespace + "/" + service.Name
		}
	}
	return around, nil
}

// servicesOf returns the Services that webhooks are served by.
func servicesOf(configurations []admissionv1.MutatingWebhookConfiguration) []admissionv1.ServiceReference {
	var services []admissionv1.ServiceReference
	for _, configuration := range configurations {
		for _, webhook := range configuration.Webhooks {
			if webhook.ClientConfig.Service != nil {
				services = append(services, *webhook.ClientConfig.Service)
			}
		}
	}
	return services
}

// withoutSidecar says why pods of deployments have no sidecar, and what to do
// about it.
func withoutSidecar(pods []corev1.Pod, around injectionState, namespace string, deployments []string) (why, remedy string) {
	restart := "'kubectl rollout restart deployment" + shell.Names(deployments...) + shell.In(namespace) + "'"
	mesh := ""
	if services := servicesOf(around.injectors); len(services) > 0 {
		mesh = services[0].Namespace
	}
	label := "'" + shell.Line("kubectl label namespace {} "+injectionEnabled, namespace) + "'"
	labelled := around.namespace == nil || injected(around.namespace.Labels)
	switch {
	case len(around.injectors) == 0 && !around.hidden && !labelled:
		return "the cluster has no sidecar injector (no such webhook), and the namespace is not labelled for injection",
			"install Istio with 'kubectl istio-demo install', then run " + label + " and " + restart
	case len(around.injectors) == 0 && !around.hidden:
		return "the cluster has no sidecar injector (no such webhook)",
			"install Istio with 'kubectl istio-demo install', then run " + restart
	case !labelled:
		return "namespace " + namespace + " is not labelled for injection", "run " + label + " and then " + restart
	case around.gone != "":
		return "service " + around.gone + " of the injection webhook does not exist",
			"reinstall Istio with '" + shell.Demo("install", mesh) + "', then run " + restart
	case before(pods, around.namespace):
		return "these pods were created before the namespace was labelled", "run " + restart
	}
	return "the injection webhook skipped these pods: Istio was not ready when they were created, or the webhook did not answer",
		"check istiod with '" + shell.Demo("status", mesh) + "', then run " + restart
}

// before reports whether the youngest of the pods is older than the namespace's
// label, as far as anybody has noted when that was put there.
func before(pods []corev1.Pod, namespace *metav1.PartialObjectMetadata) bool {
	if namespace == nil {
		return false
	}
	since := labelledSince(namespace)
	return !since.IsZero() && !slices.ContainsFunc(pods, func(pod corev1.Pod) bool { return !pod.CreationTimestamp.Time.Before(since) })
}

// labelledSince returns the time of the last change by whoever owns the label.
func labelledSince(namespace *metav1.PartialObjectMetadata) time.Time {
	var since time.Time
	for _, entry := range namespace.ManagedFields {
		if entry.Time != nil && managedfields.HasLabel(entry, InjectionLabel) && entry.Time.After(since) {
			since = entry.Time.Time
		}
	}
	return since
}
