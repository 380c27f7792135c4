package samples

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestPasted has names that a shell would run in what users are told.
func TestPasted(t *testing.T) {
	for _, name := range pasted.Names {
		messages := map[string]string{"route": (&NotInstalledError{Sample: name, Namespace: name}).Error()}
		own := &Install{Install: install.Install{Namespace: manifest.Namespace{Name: name}, Cluster: connect(t, inmemory.Answers(nil))}, Gateway: name}
		messages["gateway"] = own.ownGateway(t.Context()).Hint
		for i, around := range []injectionState{
			{},
			{hidden: true, namespace: &metav1.PartialObjectMetadata{}},
			{namespace: &metav1.PartialObjectMetadata{}},
			{hidden: true, gone: name, injectors: injectorIn(name)},
		} {
			_, messages[fmt.Sprint("sidecars", i)] = withoutSidecar([]corev1.Pod{{}}, around, name, []string{name})
		}
		refused := &Install{Install: install.Install{Namespace: manifest.Namespace{Name: name}}}
		messages["label"] = refused.unwanted("disabled").Remedy
		messages["denied"] = refused.forbidden().Remedy
		for what, message := range messages {
			t.Run(what, func(t *testing.T) { pasted.Check(t, name, message) })
		}
	}
}

// TestHosts has a gateway say where it is reached.
func TestHosts(t *testing.T) {
	hosts := map[string]bool{"203.0.113.7": true, "lb.example.com": true, "a b": false, "a:80": false, "user@host": false}
	for _, name := range pasted.Names {
		hosts[name] = false
	}
	for host, good := range hosts {
		cluster := connect(t, inmemory.Answers(map[string]string{"web": `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"namespace":"mesh","name":"web"},
			"status":{"addresses":[{"value":` + fixture.Quote(host) + `}]}}`}))
		sample := &Install{Install: install.Install{Cluster: cluster, Namespace: manifest.Namespace{Name: "mesh"}}, Gateway: "web", Path: "/page"}
		if way := sample.ownGateway(t.Context()); good != (way.URL != "") || good == (way.Hint != "") || strings.ContainsAny(way.Hint, "\n\x00\u202e") {
			t.Errorf("the gateway at %q is reached at %+v", host, way)
		}
	}
}

// connectS gives the cluster of a server without a network.
func connect(t *testing.T, answer func(*http.Request) any) *cluster.Cluster {
	t.Helper()
	cluster, err := cluster.Connect(inmemory.Config(answer), nil)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}
