package cluster

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/answer"
)

// Lookup answers what there is on a cluster for somebody who is typing a
// command. Nothing is sent a second time, and what the server warns of is not
// told: there is no time for it, and no place. It can be used by many
// goroutines.
type Lookup struct {
	metadata metadata.Interface
	dynamic  dynamic.Interface
}

// lookupLimit is more than anybody chooses from.
const lookupLimit = 500

// NewLookup makes the clients; no request is sent, and the config is not
// changed. The error says that it cannot be used.
func NewLookup(config *rest.Config) (*Lookup, error) {
	config = rest.CopyConfig(config)
	SeparateCredentials(config)
	config.QPS = -1
	config.WarningHandler, config.WarningHandlerWithContext = rest.NoWarnings{}, nil
	if config.ExecProvider != nil {
		// The keyboard is the shell's; whoever must be asked has to log in first.
		config.ExecProvider.StdinUnavailable = true
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	meta, err := metadata.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	whole, err := dynamic.NewForConfigAndClient(config, client)
	if err != nil {
		return nil, err
	}
	return &Lookup{metadata: answer.Metadata(meta), dynamic: answer.Dynamic(whole, standardKind)}, nil
}

// Names gives the names of the objects of a resource, in a namespace or, if
// that is empty, in none: the first 500, with one request. The error is the API
// server's.
func (l *Lookup) Names(ctx context.Context, resource schema.GroupVersionResource, namespace string) ([]string, error) {
	list, err := l.metadata.Resource(resource).Namespace(namespace).List(ctx, metav1.ListOptions{Limit: lookupLimit})
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(list.Items))
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return names, nil
}

// Containers gives the names of the containers of a pod, or of the pods that
// something makes. The error is the API server's.
func (l *Lookup) Containers(ctx context.Context, resource schema.GroupVersionResource, namespace, name string) ([]string, error) {
	object, err := l.dynamic.Resource(resource).Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return containerNames(object), nil
}

// SelectedContainers gives the names of the containers of the pods that a label
// selector matches, of at most 500, and may give a name twice. The error is the
// API server's.
func (l *Lookup) SelectedContainers(ctx context.Context, namespace, selector string) ([]string, error) {
	pods := schema.GroupVersionResource{Version: "v1", Resource: "pods"}
	list, err := l.dynamic.Resource(pods).Namespace(namespace).List(ctx, metav1.ListOptions{LabelSelector: selector, Limit: lookupLimit})
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range list.Items {
		names = append(names, containerNames(&list.Items[i])...)
	}
	return names, nil
}

// containerNames reads a pod, or what has a template of one.
func containerNames(object *unstructured.Unstructured) []string {
	spec := []string{"spec"}
	if _, found, err := unstructured.NestedMap(object.Object, "spec", "template", "spec"); found && err == nil {
		spec = []string{"spec", "template", "spec"}
	}
	var names []string
	for _, field := range []string{"containers", "initContainers"} {
		containers, _, err := unstructured.NestedSlice(object.Object, append(spec[:len(spec):len(spec)], field)...)
		if err != nil {
			continue
		}
		for _, container := range containers {
			if fields, ok := container.(map[string]any); ok {
				if name, _, err := unstructured.NestedString(fields, "name"); err == nil && name != "" {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
