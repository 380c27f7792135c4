package install

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// TestExplain has a server that tells nothing of one workload: the others are
// explained all the same, in their order.
func TestExplain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		notReady := &ready.NotReadyError{Cause: cluster.ErrTimeout}
		want := []string{"Replicas: 0/1; FailedCreate: exceeded quota"} // of the silent one nothing else is known
		for n := range 3 * 16 {
			name := fmt.Sprintf("web-%02d", n)
			notReady.Pending = append(notReady.Pending, ready.Pending{
				Target:  ready.Target{Ref: event.Object{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: name}, Object: deploymentNamed(name)},
				Message: "Replicas: 0/1", Refused: "FailedCreate: exceeded quota",
			})
			if n > 0 {
				want = append(want, fmt.Sprintf("Replicas: 0/1; pod %s-a: container web: ErrImagePull: image %[1]q", name))
			}
		}
		// What an object says of itself may look like what is said of its pods.
		notReady.Pending[1].Message = "not yet; Failed twice"
		want[1] = strings.Replace(want[1], "Replicas: 0/1", "not yet; Failed twice", 1)
		var mutex sync.Mutex
		asked, most := 0, 0
		count := func(change int) {
			mutex.Lock()
			defer mutex.Unlock()
			asked += change
			most = max(most, asked)
		}
		server := inmemory.Server(func(request *http.Request) any {
			count(1)
			defer count(-1)
			if request.URL.Path != "/api/v1/namespaces/mesh/pods" {
				return corev1.EventList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "EventList"}}
			}
			name := strings.TrimPrefix(request.URL.Query().Get("labelSelector"), "app=")
			if name == "web-00" {
				<-request.Context().Done()
			}
			return corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{pullingPod(name)}}
		})
		var told []string
		install := &Install{Cluster: connect(t, server), Sink: func(e event.Event) { told = append(told, e.(event.Diagnosed).Object.Name) }}
		began := time.Now()
		unready := install.explain(t.Context(), notReady).(*UnreadyError)
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %s", took)
		}
		var got []string
		for n, one := range unready.Unready {
			if one.Object != notReady.Pending[n].Ref.String() {
				t.Errorf("number %d is %s", n, one.Object)
			}
			got = append(got, one.Why)
		}
		if !slices.Equal(got, want) {
			t.Errorf("it says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if len(told) != len(want)-1 || !slices.IsSorted(told) {
			t.Errorf("it tells of %v", told)
		}
		if most > 16 {
			t.Errorf("%d requests were under way", most)
		}
	})
}

// deploymentNamed is one whose pods have its name as their label.
func deploymentNamed(name string) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": "mesh", "name": name},
		"spec": map[string]any{"selector": map[string]any{"matchLabels": map[string]any{"app": name}}, "template": map[string]any{}},
	}}
}

// pullingPod is a pod of it whose image does not come.
func pullingPod(name string) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: name + "-a", Labels: map[string]string{"app": name}}}
	pod.Spec.Containers = []corev1.Container{{Name: "web", Image: name}}
	waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: waiting}}
	return pod
}
