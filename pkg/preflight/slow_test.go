package preflight

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"
	admission "k8s.io/client-go/kubernetes/typed/admissionregistration/v1"
	core "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// TestRunSlow has a server that answers everything but lists: what they are for
// is unknown, and the other checks know.
func TestRunSlow(t *testing.T) {
	server := &apiServer{namespaces: map[string]string{"mesh": "active"}}
	subject := server.subject(t)
	hangs := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, in *http.Request) { <-in.Context().Done() }))
	t.Cleanup(hangs.Close)
	config := &rest.Config{Host: hangs.URL, QPS: -1}
	subject.Core, subject.Admission, subject.Dynamic = core.NewForConfigOrDie(config), admission.NewForConfigOrDie(config), dynamic.NewForConfigOrDie(config)
	subject.Patience = 50 * time.Millisecond
	subject.Architectures, subject.Namespaces = []string{"amd64"}, []string{"mesh"}
	subject.Workloads = []Workload{{What: "deployment mesh/a", Namespace: "mesh", Replicas: 1}}
	results, err := Run(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}
	var unknown []string
	for _, result := range results {
		switch {
		case result.Verdict == Unknown && strings.Contains(result.Message, "did not list"):
			unknown = append(unknown, result.Name)
		case result.Verdict != Pass:
			t.Errorf("the result is %+v", result)
		}
	}
	if want := []string{"architectures", "capacity", "webhooks", "dns"}; !slices.Equal(unknown, want) {
		t.Errorf("unknown are %q and not %q", unknown, want)
	}
}
