package answer

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Core returns a client that refuses answers about other objects, for the
// resources that are read here: configmaps, events, nodes, persistent volume
// claims, pods and services. The others are those of the given client.
func Core(client typed.CoreV1Interface) typed.CoreV1Interface { return &coreClient{client} }

type coreClient struct{ typed.CoreV1Interface }

func corePlace(resource, kind, namespace string) place {
	return place{resource: corev1.SchemeGroupVersion.WithResource(resource), kind: kind, namespace: namespace}
}

// object is one of the core's types.
type object interface {
	runtime.Object
	metav1.Object
}

// resource is what the clients of all resources have in common.
type resource[T object, L runtime.Object] interface {
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Update(context.Context, T, metav1.UpdateOptions) (T, error)
	Get(context.Context, string, metav1.GetOptions) (T, error)
	List(context.Context, metav1.ListOptions) (L, error)
	Watch(context.Context, metav1.ListOptions) (watch.Interface, error)
	Patch(context.Context, string, types.PatchType, []byte, metav1.PatchOptions, ...string) (T, error)
}

// checked checks what a resource's client gives. Embedded beside a struct with
// that client, it takes the place of its methods.
type checked[T object, L runtime.Object] struct {
	client resource[T, L]
	at     place
}

func (c checked[T, L]) Create(ctx context.Context, object T, options metav1.CreateOptions) (T, error) {
	stored, err := c.client.Create(ctx, object, options)
	return about(c.at, object.GetName(), stored, err)
}

func (c checked[T, L]) Update(ctx context.Context, object T, options metav1.UpdateOptions) (T, error) {
	stored, err := c.client.Update(ctx, object, options)
	return about(c.at, object.GetName(), stored, err)
}

func (c checked[T, L]) Get(ctx context.Context, name string, options metav1.GetOptions) (T, error) {
	found, err := c.client.Get(ctx, name, options)
	return about(c.at, name, found, err)
}

func (c checked[T, L]) List(ctx context.Context, options metav1.ListOptions) (L, error) {
	list, err := c.client.List(ctx, options)
	return within(c.at, list, err)
}

func (c checked[T, L]) Watch(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	events, err := c.client.Watch(ctx, options)
	return c.at.watch(events, err)
}

func (c checked[T, L]) Patch(ctx context.Context, name string, as types.PatchType, data []byte, options metav1.PatchOptions, subresources ...string) (T, error) {
	stored, err := c.client.Patch(ctx, name, as, data, options, subresources...)
	return about(c.at, name, stored, err)
}

// What a client does beyond that it does itself, from one level further below.
type (
	allConfigMaps struct{ typed.ConfigMapInterface }
	configMaps    struct {
		checked[*corev1.ConfigMap, *corev1.ConfigMapList]
		allConfigMaps
	}
	allEvents struct{ typed.EventInterface }
	events    struct {
		checked[*corev1.Event, *corev1.EventList]
		allEvents
	}
	allNodes struct{ typed.NodeInterface }
	nodes    struct {
		checked[*corev1.Node, *corev1.NodeList]
		allNodes
	}
	allClaims struct {
		typed.PersistentVolumeClaimInterface
	}
	claims struct {
		checked[*corev1.PersistentVolumeClaim, *corev1.PersistentVolumeClaimList]
		allClaims
	}
	allPods struct{ typed.PodInterface }
	pods    struct {
		checked[*corev1.Pod, *corev1.PodList]
		allPods
	}
	allServices struct{ typed.ServiceInterface }
	services    struct {
		checked[*corev1.Service, *corev1.ServiceList]
		allServices
	}
)

func (c *coreClient) ConfigMaps(namespace string) typed.ConfigMapInterface {
	client := c.CoreV1Interface.ConfigMaps(namespace)
	at := corePlace("configmaps", "ConfigMap", namespace)
	return configMaps{checked[*corev1.ConfigMap, *corev1.ConfigMapList]{client, at}, allConfigMaps{client}}
}

func (c *coreClient) Events(namespace string) typed.EventInterface {
	client := c.CoreV1Interface.Events(namespace)
	at := corePlace("events", "Event", namespace)
	return events{checked[*corev1.Event, *corev1.EventList]{client, at}, allEvents{client}}
}

func (c *coreClient) Nodes() typed.NodeInterface {
	client := c.CoreV1Interface.Nodes()
	return nodes{checked[*corev1.Node, *corev1.NodeList]{client, corePlace("nodes", "Node", "")}, allNodes{client}}
}

func (c *coreClient) PersistentVolumeClaims(namespace string) typed.PersistentVolumeClaimInterface {
	client := c.CoreV1Interface.PersistentVolumeClaims(namespace)
	at := corePlace("persistentvolumeclaims", "PersistentVolumeClaim", namespace)
	return claims{checked[*corev1.PersistentVolumeClaim, *corev1.PersistentVolumeClaimList]{client, at}, allClaims{client}}
}

func (c *coreClient) Pods(namespace string) typed.PodInterface {
	client := c.CoreV1Interface.Pods(namespace)
	at := corePlace("pods", "Pod", namespace)
	return pods{checked[*corev1.Pod, *corev1.PodList]{client, at}, allPods{client}}
}

func (c *coreClient) Services(namespace string) typed.ServiceInterface {
	client := c.CoreV1Interface.Services(namespace)
	at := corePlace("services", "Service", namespace)
	return services{checked[*corev1.Service, *corev1.ServiceList]{client, at}, allServices{client}}
}
