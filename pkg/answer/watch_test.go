package answer_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/answer"
)

// TestWatch ends with an error at the first event about another object.
func TestWatch(t *testing.T) {
	event := func(kind, body string) string { return fmt.Sprintf(`{"type":%q,"object":%s}`, kind, body) + "\n" }
	stream := event("ADDED", object("ConfigMap", "a", "b")) +
		event("BOOKMARK", `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"resourceVersion":"7"}}`) +
		event("MODIFIED", object("ConfigMap", "x", "y")) +
		event("ADDED", object("ConfigMap", "a", "c"))
	watches := map[string]func(*clients) (watch.Interface, error){
		"dynamic": func(c *clients) (watch.Interface, error) {
			return c.dynamic.Resource(configMaps).Namespace("a").Watch(t.Context(), metav1.ListOptions{})
		},
		"typed": func(c *clients) (watch.Interface, error) {
			return c.core.ConfigMaps("a").Watch(t.Context(), metav1.ListOptions{})
		},
		"metadata": func(c *clients) (watch.Interface, error) {
			return c.metadata.Resource(configMaps).Namespace("a").Watch(t.Context(), metav1.ListOptions{})
		},
	}
	for way, begin := range watches {
		said := stream
		if way == "metadata" {
			said = strings.NewReplacer(`"v1"`, `"meta.k8s.io/v1"`, `"ConfigMap"`, `"PartialObjectMetadata"`).Replace(stream)
		}
		events, err := begin(answering(t, said))
		if err != nil {
			t.Fatal(err)
		}
		var types []watch.EventType
		for event := range events.ResultChan() {
			types = append(types, event.Type)
			if event.Type == watch.Error && !answer.IsOther(apierrors.FromObject(event.Object)) {
				t.Errorf("%s: the error is %v", way, event.Object)
			}
		}
		if got := fmt.Sprint(types); got != "[ADDED BOOKMARK ERROR]" {
			t.Errorf("%s: the events are %s", way, got)
		}
	}
}

// TestWatchStops ends although nobody takes what has come.
func TestWatchStops(t *testing.T) {
	events, err := answering(t, fmt.Sprintf(`{"type":"ADDED","object":%s}`, object("ConfigMap", "a", "b"))).
		core.ConfigMaps("a").Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	events.Stop()
	events.Stop()
	for {
		select {
		case _, more := <-events.ResultChan():
			if !more {
				return
			}
		case <-time.After(30 * time.Second):
			t.Fatal("it goes on")
		}
	}
}
