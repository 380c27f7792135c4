package cluster

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/answer"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/crd"
)

// TestAnotherObject has none of the clients believe a server that always
// answers about the same object.
func TestAnotherObject(t *testing.T) {
	said := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, said)
	}))
	defer server.Close()
	cluster, err := Connect(&rest.Config{Host: server.URL}, nil)
	if err != nil {
		t.Fatal(err)
	}
	errorOf := func(_ any, err error) error { return err }
	asked := metav1.GetOptions{}
	deployments := schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: "deployments"}
	for name, ask := range map[string]func() error{
		"Dynamic": func() error {
			return errorOf(cluster.Dynamic.Resource(deployments).Namespace("a").Get(t.Context(), "b", asked))
		},
		"Metadata": func() error {
			return errorOf(cluster.Metadata.Resource(deployments).Namespace("a").Get(t.Context(), "b", asked))
		},
		"brief":    func() error { return errorOf(cluster.CRDs().Resource(crd.Resource).Get(t.Context(), "b", asked)) },
		"Services": func() error { return errorOf(cluster.Core.Services("a").Get(t.Context(), "b", asked)) },
		"Pods":     func() error { return errorOf(cluster.Core.Pods("a").Get(t.Context(), "b", asked)) },
		"Nodes":    func() error { return errorOf(cluster.Core.Nodes().Get(t.Context(), "b", asked)) },
		"Events":   func() error { return errorOf(cluster.Core.Events("a").Get(t.Context(), "b", asked)) },
		"Claims":   func() error { return errorOf(cluster.Core.PersistentVolumeClaims("a").Get(t.Context(), "b", asked)) },
	} {
		said = `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"namespace":"x","name":"y"}}`
		switch name {
		case "brief":
			said = `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"y"}}`
		case "Metadata":
			said = `{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata","metadata":{"namespace":"x","name":"y"}}`
		}
		if err := ask(); !answer.IsOther(err) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	// The kinds that every cluster has are known.
	said = `{"apiVersion":"apps/v1","kind":"StatefulSet","metadata":{"namespace":"a","name":"b"}}`
	if _, err := cluster.Dynamic.Resource(deployments).Namespace("a").Get(t.Context(), "b", asked); !answer.IsOther(err) {
		t.Errorf("another kind: the error is %v", err)
	}
}
