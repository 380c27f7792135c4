package diagnose

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
)

// answering is a server without a network, which suits the clock of synctest.
type answering func(*http.Request) any

func (a answering) RoundTrip(request *http.Request) (*http.Response, error) {
	answer := a(request)
	if err := request.Context().Err(); err != nil {
		return nil, err
	}
	recorder := httptest.NewRecorder()
	recorder.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(recorder).Encode(answer)
	return recorder.Result(), nil
}

// TestConfirm has a server that tells nothing of one workload: the others are
// stuck all the same.
func TestConfirm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := answering(func(request *http.Request) any {
			if !strings.HasSuffix(request.URL.Path, "/pods") {
				return corev1.EventList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "EventList"}}
			}
			name := strings.TrimPrefix(request.URL.Query().Get("labelSelector"), "app=")
			if name == "web-0" {
				<-request.Context().Done()
			}
			pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, UID: types.UID(name), Labels: map[string]string{"app": name}}}
			waiting := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull"}}
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "web", State: waiting}}
			return corev1.PodList{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Items: []corev1.Pod{pod}}
		})
		client, err := typedcorev1.NewForConfig(&rest.Config{Host: "http://cluster.example.com", Transport: server, QPS: -1})
		if err != nil {
			t.Fatal(err)
		}
		w := &watch{client: client, symptoms: symptoms{grace: func(f Finding) time.Duration { return f.Grace }}}
		overdue, want := map[key]bool{}, []string{}
		for n := range 20 {
			name := fmt.Sprintf("web-%d", n)
			subject, _ := subjectOf(object(t, strings.ReplaceAll(webObject, "web", name)))
			w.subjects = append(w.subjects, subject)
			overdue[key{n, types.UID(name), "web", imageKind}] = true
			if n > 0 {
				want = append(want, name)
			}
		}
		began := time.Now()
		var got []string
		for _, stuck := range w.confirm(t.Context(), overdue) {
			got = append(got, stuck.Workload.GetName())
		}
		if took := time.Since(began); !slices.Equal(got, want) || took != confirmTimeout {
			t.Errorf("after %s, stuck are %v", took, got)
		}
	})
}
