package samples

import (
	"context"
	"fmt"
	"net"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/access"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// Page is where a sample can be opened.
type Page struct {
	// URL is empty where there is none yet. Hint says then how to get one, or
	// else what to know of it.
	URL  string `json:"url,omitempty"`
	Hint string `json:"hint,omitempty"`
}

// wayIn looks for the way to the sample's gateway. What cannot be found out
// only means that there is no more to be told than the reason.
func (s *Install) page(ctx context.Context) Page {
	if s.GatewayAPI {
		return s.ownGateway(ctx)
	}
	gateways, err := s.Cluster.Core.Services("").List(ctx, metav1.ListOptions{LabelSelector: ingressGateway})
	if err != nil || len(gateways.Items) == 0 {
		return Page{Hint: "no ingress gateway found; if there is one, get its address with 'kubectl istio-demo address' and append the path " + s.Path}
	}
	gateway := gateways.Items[0]
	near := access.Local{Limit: context.WithCancel} // the sample's own time will do
	found, err := (&access.Address{Cluster: s.Cluster, Namespace: gateway.Namespace, Gateway: gateway.Name, Local: near, Sink: s.Sink}).Find(ctx)
	switch {
	case err != nil:
		return Page{Hint: redact.Text(err.Error()) + "; append the path " + s.Path}
	case found.Via == access.ViaNodePort:
		return Page{URL: found.URL + s.Path, Hint: found.Why}
	}
	return Page{URL: found.URL + s.Path}
}

// ingressGateway is the label by which the samples' gateways choose theirs.
const ingressGateway = "istio=ingressgateway"

// ownGateway is that of the sample itself, whose address istiod writes down
// when it has made one.
func (s *Install) ownGateway(ctx context.Context) Page {
	look := "'kubectl get gateways.gateway.networking.k8s.io" + shell.In(s.Namespace.Name) + "'"
	hint := Page{Hint: fmt.Sprintf("gateway %s/%s has no address yet; check with %s", s.Namespace.Name, s.Gateway, look)}
	gateway, err := s.Cluster.Dynamic.Resource(gatewayAPI.WithResource("gateways")).Namespace(s.Namespace.Name).Get(ctx, s.Gateway, metav1.GetOptions{})
	if err != nil {
		return hint
	}
	addresses, _, _ := unstructured.NestedSlice(gateway.Object, "status", "addresses")
	for _, address := range addresses {
		fields, _ := address.(map[string]any)
		switch host, _ := fields["value"].(string); {
		case host == "":
		case !access.IsHost(host):
			return Page{Hint: fmt.Sprintf("address of gateway %s/%s is invalid: %+.64q is neither an IP address nor a host name", s.Namespace.Name, s.Gateway, host)}
		default:
			return Page{URL: "http://" + inURL(host) + s.Path}
		}
	}
	return hint
}

// inURL returns a host as URLs have it.
func inURL(host string) string {
	if ip := net.ParseIP(host); ip != nil && strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}
