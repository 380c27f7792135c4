package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ownership"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// answersWith gives a cluster whose server gives every request, by the last
// part of its path, one of some answers, or says that there is nothing.
func answersWith(t *testing.T, answers map[string]string) *Cluster {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		answer, there := answers[request.URL.Path[strings.LastIndex(request.URL.Path, "/")+1:]]
		if !there {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"NotFound","code":404}`
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(server.Close)
	cluster, err := Connect(&rest.Config{Host: server.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// TestPasted has names that a shell would run in what users are told.
func TestPasted(t *testing.T) {
	for _, name := range pasted.Names {
		address := &Address{Namespace: name, Gateway: name}
		dashboard := &Dashboard{Namespace: name, Name: "kiali", Cluster: answersWith(t, nil)}
		scaled := &Dashboard{Namespace: "mesh", Name: "istiod", Cluster: answersWith(t, map[string]string{"deployments": `{"apiVersion":"apps/v1","kind":"DeploymentList","items":[
			{"metadata":{"namespace":"mesh","name":` + jsonOf(t, name) + `},"spec":{"replicas":0}}]}`})}
		addons := &Dashboard{Namespace: "mesh", Name: "kiali", Cluster: answersWith(t, map[string]string{"deployments": `{"apiVersion":"apps/v1","kind":"DeploymentList","items":[
			{"metadata":{"namespace":"mesh","name":` + jsonOf(t, name) + `}}]}`})}
		messages := map[string]string{
			"address":   address.unreachable("so it is").Error(),
			"dashboard": dashboard.missing(t.Context(), dashboards["kiali"]).Error(),
			"scaled":    scaled.missing(t.Context(), dashboards["istiod"]).Error(),
			"addons":    addons.missing(t.Context(), dashboards["kiali"]).Error(),
			"route":     (&SampleNotInstalledError{name, name}).Error(),
		}
		own := &SampleInstall{Install: Install{Namespace: manifest.Namespace{Name: name}, Cluster: answersWith(t, nil)}, Gateway: name}
		messages["gateway"] = own.ownGateway(t.Context()).Hint
		for i, around := range []surroundings{
			{},
			{hidden: true, namespace: &metav1.PartialObjectMetadata{}},
			{namespace: &metav1.PartialObjectMetadata{}},
			{hidden: true, gone: name},
		} {
			_, messages[fmt.Sprint("sidecars", i)] = withoutSidecar([]corev1.Pod{{}}, around, name)
		}
		refused := &SampleInstall{Install: Install{Namespace: manifest.Namespace{Name: name}}}
		messages["label"] = refused.unwanted("disabled").Remedy
		messages["denied"] = refused.forbidden().Remedy
		install := &Install{Sink: func(happened event.Event) {
			if warning, is := happened.(event.Warning); is && strings.Contains(warning.Message, "kubectl delete") {
				messages["helm"] = warning.Message
			}
		}}
		parent := event.Object{Kind: "ConfigMap", Namespace: name, Name: name}
		for i, owned := range []property{
			{owner: ownership.Owner{Tool: ownership.Helm, Name: name, Namespace: name}},
			{owner: ownership.Owner{Name: name}},
			{owner: ownership.Owner{Name: "the demo in namespace " + name}},
			{owner: ownership.Owner{Tool: ownership.ApplySet, Set: name}, set: inventorySet{parent: parent, tool: inventory.Tool}},
			{owner: ownership.Owner{Tool: ownership.ApplySet, Set: name}, set: inventorySet{parent: event.Object{Namespace: name, Name: samplePrefix + name}, tool: inventory.Tool}},
			{owner: ownership.Owner{Tool: ownership.ApplySet, Set: name}, set: inventorySet{parent: parent, tool: name}},
		} {
			owned.refs = []event.Object{{Kind: "A", Name: "b"}}
			install.warnOfFormerOwners([]property{owned})
			if remedy := owned.remedy(); strings.Contains(remedy, "'") {
				messages[fmt.Sprint("remedy", i)] = remedy
			} else if remedy != "take it away with the tool that owns it" {
				t.Errorf("%q: the remedy is %s", name, remedy)
			}
		}
		for what, message := range messages {
			t.Run(what, func(t *testing.T) { pasted.Check(t, name, message) })
		}
	}
}

// TestHosts has a Service, a node and a gateway say where they are reached.
func TestHosts(t *testing.T) {
	hosts := map[string]bool{
		"203.0.113.7": true, "2001:db8::7": true, "lb.example.com": true, "localhost": true,
		"Upper.example.com": false, "a_b": false, "-a": false, "a b": false, "a/b": false, "user@host": false, "a:80": false,
		"fe80::1%eth0": false, "[::1]": false, "\u0430pple.com": false, strings.Repeat("a.", 200): false,
	}
	for _, name := range pasted.Names {
		hosts[name] = false
	}
	for host, good := range hosts {
		for _, field := range []string{"ip", "hostname"} {
			cluster := answersWith(t, map[string]string{"web": `{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"mesh","name":"web"},
				"spec":{"type":"LoadBalancer","ports":[{"port":80}]},"status":{"loadBalancer":{"ingress":[{"` + field + `":` + jsonOf(t, host) + `}]}}}`})
			found, err := (&Address{Cluster: cluster, Namespace: "mesh", Gateway: "web", Near: Near{Limit: context.WithCancel}}).Find(t.Context())
			if good != (err == nil) || good && found.Host != host {
				t.Errorf("with %s %q it is %q, %v", field, host, found.URL, err)
			}
			if err != nil && (!strings.Contains(err.Error(), "neither an IP address nor a host name; run 'kubectl istio-demo address --forward") ||
				strings.ContainsAny(err.Error(), "\n\x00\u202e") || len(err.Error()) > 500) {
				t.Errorf("the error for %q is %v", host, err)
			}
		}
		cluster := answersWith(t, map[string]string{"web": `{"apiVersion":"gateway.networking.k8s.io/v1","kind":"Gateway","metadata":{"namespace":"mesh","name":"web"},
			"status":{"addresses":[{"value":` + jsonOf(t, host) + `}]}}`})
		sample := &SampleInstall{Install: Install{Cluster: cluster, Namespace: manifest.Namespace{Name: "mesh"}}, Gateway: "web", Path: "/page"}
		if way := sample.ownGateway(t.Context()); good != (way.URL != "") || good == (way.Hint != "") || strings.ContainsAny(way.Hint, "\n\x00\u202e") {
			t.Errorf("the gateway at %q is reached at %+v", host, way)
		}
		if _, at, _ := bestAddress([]corev1.Node{node("a", true, "InternalIP", host)}); at != "" && !good {
			t.Errorf("a node is reached at %q", at)
		}
	}
}

// TestImageReferences has images be what a script would run.
func TestImageReferences(t *testing.T) {
	images := map[string]bool{
		"busybox": true, "docker.io/istio/proxyv2:1.0.9": true, "localhost:5000/a/b_c:V1-x@sha256:" + strings.Repeat("0", 64): true, "[::1]:5000/a": true,
		"{{ .Values.image }}": false, " a": false, "a ": false, "-a": false, "[a]": false,
	}
	for _, name := range pasted.Names {
		images[name] = false
	}
	for image, good := range images {
		containers := []any{map[string]any{"image": image}}
		pod := manifest.Object{Unstructured: &unstructured.Unstructured{Object: map[string]any{"kind": "Pod", "spec": map[string]any{"containers": containers}}}}
		for _, read := range []Manifest{{Objects: []manifest.Object{pod}}, {Injected: []string{image}}} {
			err := read.CheckImages()
			var input *InputError
			if good != (err == nil) || err != nil && !errors.As(err, &input) {
				t.Errorf("%q: %v", image, err)
			}
		}
	}
}

// jsonOf gives a text in JSON.
func jsonOf(t *testing.T, text string) string {
	t.Helper()
	data, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
