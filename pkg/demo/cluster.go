package demo

import (
	"errors"
	"fmt"

	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
)

// Cluster holds what the steps need of an API server.
type Cluster struct {
	// Server is the URL, for messages.
	Server        string
	Discovery     discovery.DiscoveryInterface
	Dynamic       dynamic.Interface
	Metadata      metadata.Interface
	Authorization authorization.AuthorizationV1Interface
	Core          corev1.CoreV1Interface
}

// Connect makes the clients of a cluster; no request is sent. All of them
// share one HTTP client and so one connection.
func Connect(config *rest.Config) (*Cluster, error) {
	config = rest.CopyConfig(config)
	// The server has its own priority and fairness; a limit here would only
	// make a small install slow.
	config.QPS = -1
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	cluster := &Cluster{Server: config.Host}
	var errs [5]error
	var found *discovery.DiscoveryClient
	found, errs[0] = discovery.NewDiscoveryClientForConfigAndClient(config, client)
	cluster.Discovery = found
	cluster.Dynamic, errs[1] = dynamic.NewForConfigAndClient(config, client)
	cluster.Metadata, errs[2] = metadata.NewForConfigAndClient(config, client)
	cluster.Authorization, errs[3] = authorization.NewForConfigAndClient(config, client)
	cluster.Core, errs[4] = corev1.NewForConfigAndClient(config, client)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("the kubeconfig cannot be used: %w", err)
	}
	return cluster, nil
}
