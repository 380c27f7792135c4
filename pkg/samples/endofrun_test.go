package samples

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// TestNothingIsLeftOfASample has the routes of a sample be read when the context
// ends.
func TestNothingIsLeftOfASample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ofRoutes := func(request *http.Request) bool { return inmemory.Last(request) == "virtualservices" }
		held := make(chan struct{}, 1)
		var underWay atomic.Int32
		serves := inmemory.Server(func(request *http.Request) any {
			if version, is := strings.CutPrefix(request.URL.Path, "/apis/networking.istio.io/"); is && !strings.Contains(version, "/") {
				return metav1.APIResourceList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"}, GroupVersion: "networking.istio.io/" + version}
			}
			if inmemory.Last(request) == "pods" {
				ready := corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}
				return corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{{ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: "istiod"}, Status: ready}}}
			}
			underWay.Add(1)
			defer underWay.Add(-1)
			if ofRoutes(request) {
				held <- struct{}{}
				<-request.Context().Done()
				<-time.After(time.Second)
			}
			return inmemory.Empty(request)
		})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() {
			<-held
			cancel()
		}()
		install := &Install{Sample: "bookinfo", Install: install.Install{
			Read: func(context.Context) (manifest.Manifest, error) { return manifest.Manifest{}, nil }, Cluster: connect(t, serves), Namespace: manifest.Namespace{Name: "shop"},
		}}
		_, err := install.Run(ctx)
		if n := underWay.Load(); n > 0 || !errors.Is(err, context.Canceled) {
			t.Errorf("%d requests are under way; the error is %v", n, err)
		}
	})
}
