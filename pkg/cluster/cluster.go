// Package cluster owns the connection to a cluster: its clients, what the API
// server warns of, and what the end of a context means for an error.
package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	admission "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/answer"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/crd"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/discover"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/retry"
)

// Cluster holds what the steps need of an API server; Connect makes it. It can
// be used by many goroutines, and by any number of use cases.
type Cluster struct {
	// Server is the URL, for messages, as redact.URL gives it.
	Server string
	// The clients share one connection. They are for reading what the use cases do
	// not tell; what they write is in no inventory.
	Discovery     discovery.DiscoveryInterface
	Dynamic       dynamic.Interface
	Metadata      metadata.Interface
	Authorization authorization.AuthorizationV1Interface
	Core          corev1.CoreV1Interface
	Admission     admission.AdmissionregistrationV1Interface

	// brief reads CRDs without their schemas.
	brief dynamic.Interface

	warnings *warnings
	// config is for what cannot go through the shared client: connections
	// that stop to be HTTP.
	Config *rest.Config
}

// Connect makes the clients of a cluster; no request is sent. All of them share
// one HTTP client and so one connection, are not limited in how much they send
// (the config's QPS does not count), and send again what a busy or restarting
// server did not answer, as retry.Transport does; sink, if set, is told of it.
// Requests end with their contexts, also where a credential plugin does not.
// What the server warns of is kept for TellWarnings, and the config's own
// handler gets nothing. An answer about another object than was asked for is an
// error (answer.IsOther), for core resources that are read here and all that
// goes through Dynamic and Metadata. The config is not changed. The error says that no
// client can be made from it, such as for a certificate that cannot be read.
func Connect(config *rest.Config, sink event.Sink) (*Cluster, error) {
	sink = redact.Sink(sink)
	config = rest.CopyConfig(config)
	SeparateCredentials(config)
	// The server has its own priority and fairness; a limit here would only
	// make a small install slow.
	config.QPS = -1
	// Typed clients would send protobuf, in which retry.Transport cannot see which
	// object a deletion means, and so whether it is safe to repeat.
	config.ContentType, config.AcceptContentTypes = runtime.ContentTypeJSON, runtime.ContentTypeProtobuf+","+runtime.ContentTypeJSON
	said := &warnings{}
	config.WarningHandler, config.WarningHandlerWithContext = nil, said
	once, err := interruptible(config)
	if err != nil {
		return nil, fmt.Errorf("cannot use the kubeconfig: %w", err)
	}
	// Around what adds the credentials, so that each attempt gets fresh ones.
	patient := &retry.Transport{Next: once, Tell: func(reason string) { sink(event.Retrying{Reason: reason}) }}
	client := &http.Client{Transport: patient, Timeout: config.Timeout}
	cluster := &Cluster{Server: redact.URL(config.Host), warnings: said, Config: config}
	var errs [7]error
	var found *discovery.DiscoveryClient
	found, errs[0] = discovery.NewDiscoveryClientForConfigAndClient(config, client)
	cluster.Discovery = found
	cluster.Dynamic, errs[1] = dynamic.NewForConfigAndClient(config, client)
	cluster.Metadata, errs[2] = metadata.NewForConfigAndClient(config, client)
	cluster.Authorization, errs[3] = authorization.NewForConfigAndClient(config, client)
	cluster.Core, errs[4] = corev1.NewForConfigAndClient(config, client)
	cluster.Admission, errs[5] = admission.NewForConfigAndClient(config, client)
	cluster.brief, errs[6] = crd.Brief(cluster.Dynamic, config, client)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("cannot use the kubeconfig: %w", err)
	}
	cluster.Dynamic = answer.Dynamic(cluster.Dynamic, standardKind)
	cluster.brief = answer.Dynamic(cluster.brief, standardKind)
	cluster.Metadata = answer.Metadata(cluster.Metadata)
	cluster.Core = answer.Core(cluster.Core)
	return cluster, nil
}

// standardKind returns the kind of a resource that every cluster has.
func standardKind(resource schema.GroupVersionResource) string { return standardKinds()[resource] }

var standardKinds = sync.OnceValue(func() map[schema.GroupVersionResource]string {
	kinds := map[schema.GroupVersionResource]string{}
	for kind, at := range discover.Standard().All() {
		kinds[at.Resource] = kind.Kind
	}
	return kinds
})

// CRDs returns the client that reads CRDs without their schemas.
func (c *Cluster) CRDs() dynamic.Interface {
	if c.brief == nil {
		return c.Dynamic // put together by hand
	}
	return c.brief
}

// Patient has the clients that others make from a config send again what a busy
// or restarting server did not answer, as retry.Transport does. It changes the
// config, and is called once for each.
func Patient(config *rest.Config) {
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return &retry.Transport{Next: next} })
}
