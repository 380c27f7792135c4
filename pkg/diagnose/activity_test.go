package diagnose

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// does gives an event of a kubelet: POD REASON MESSAGE, at a second.
func does(second int, pod, reason, message string) string {
	return fmt.Sprintf("{metadata: {name: e%[1]d, uid: e%[1]d, resourceVersion: '%[1]d'}, type: Normal, reason: %[3]s, message: '%[4]s', source: {host: node-1}, "+
		"lastTimestamp: '2026-01-01T00:00:%02[1]dZ', involvedObject: {kind: Pod, name: %[2]s, uid: %[2]s, fieldPath: 'spec.containers{web}'}}", second, pod, reason, message)
}

func TestPulls(t *testing.T) {
	pulling := func(second int, pod, image string) string {
		return does(second, pod, "Pulling", `Pulling image "`+image+`"`)
	}
	pulled := func(second int, pod string) string {
		return does(second, pod, "Pulled", `Successfully pulled image "x" in 1.2s (3s including waiting)`)
	}
	elsewhere := func(event string) string { return strings.Replace(event, "node-1", "node-2", 1) }
	sameTime := func(event string) string {
		return strings.Replace(event, "00:02Z", "00:01Z", 1)
	}
	for _, test := range []struct {
		name   string
		events []string
		want   string
	}{
		{"none", nil, ""},
		{"one", []string{pulling(1, "a", "x")}, "a pulls x"},
		{"its turn", []string{pulling(2, "b", "y"), pulling(1, "a", "x")}, "a pulls x, b waits y"},
		{"its turn in the same second", []string{sameTime(pulling(2, "b", "y")), pulling(1, "a", "x")}, "a pulls x, b waits y"},
		{"its turn has come", []string{pulling(1, "a", "x"), pulling(2, "b", "y"), pulled(3, "a")}, "b pulls y"},
		{"its turn, because the other has failed", []string{pulling(1, "a", "x"), pulling(2, "b", "y"), does(3, "a", "Failed", "no")}, "b pulls y"},
		{"again", []string{pulling(1, "a", "x"), does(2, "a", "Failed", "no"), pulling(3, "a", "x")}, "a pulls x"},
		{"another node", []string{pulling(1, "a", "x"), elsewhere(pulling(2, "b", "y"))}, "a pulls x, b pulls y"},
		{"the same image", []string{pulling(1, "a", "x"), pulling(2, "b", "x")}, "a pulls x, b pulls x"},
		{"several at once", []string{pulling(1, "a", "x"), pulling(2, "b", "y"), pulling(3, "c", "z"), pulled(4, "b")}, "a pulls x, c pulls z"},
		{"a pod that is gone", []string{pulling(1, "gone", "x"), pulling(2, "b", "y")}, "b pulls y"},
		{"present already", []string{does(1, "a", "Pulled", "already present"), pulling(2, "b", "y")}, "b pulls y"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var events []*corev1.Event
			for _, text := range test.events {
				var event corev1.Event
				if err := yaml.Unmarshal([]byte(text), &event); err != nil {
					t.Fatal(err)
				}
				events = append(events, &event)
			}
			var got []string
			waits := map[place]bool{}
			for _, pod := range []string{"a", "b", "c"} {
				waits[place{types.UID(pod), "web"}] = true
			}
			for at, pull := range pullsOf(events, waits) {
				got = append(got, string(at.pod)+map[bool]string{true: " waits ", false: " pulls "}[pull.waits]+pull.image)
			}
			slices.Sort(got)
			if got := strings.Join(got, ", "); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// TestWatchTellsWhatNodesDo follows two workloads whose images come one after the
// other, of which one turns out not to exist.
func TestWatchTellsWhatNodesDo(t *testing.T) {
	const creating = "state: {waiting: {reason: ContainerCreating}}"
	pod := func(name, state string) string {
		return "{metadata: {name: " + name + ", uid: " + name + ", " + strings.NewReplacer("app: web", "app: "+name, "web-5d9c", name+"-5d9c").Replace(ours) + "}, " +
			"spec: {containers: [{name: web, image: 'x/" + name + ":1'}]}, status: {containerStatuses: [{name: web, " + state + "}]}}"
	}
	workload := func(name string) *unstructured.Unstructured {
		return object(t, strings.NewReplacer("name: web", "name: "+name, "app: web", "app: "+name).Replace(webObject))
	}
	server := &apiServer{}
	client := server.start(t)
	ctx, cancel := context.WithCancel(bounded(t))
	told := make(chan string, 10)
	done := make(chan []Stuck, 1)
	go func() {
		done <- Watch(ctx, client, []*unstructured.Unstructured{workload("a"), workload("b")}, nil, func(activity Activity) {
			told <- fmt.Sprint(activity.Workload.GetName(), ": ", activity.What, ", timed ", !activity.Since.IsZero())
		})
	}()
	server.awaitWatches(t, 2)
	for _, step := range []struct {
		resource, text string
		want           string
	}{
		{"pods", pod("a", creating), ""},
		{"pods", pod("b", creating), ""},
		{"events", does(1, "a", "Pulling", `Pulling image "x/a:1@sha256:0123"`), "a: pulling a:1, timed true"},
		{"events", does(2, "b", "Pulling", `Pulling image "x/b:1"`), "b: waiting for its turn to pull b:1, timed true"},
		{"pods", pod("a", "state: {running: {}}"), "a: , timed false"},
		{"events", does(3, "a", "Pulled", "Successfully pulled"), "b: pulling b:1, timed true"},
		{"pods", pod("b", "state: {waiting: {reason: ErrImagePull, message: 'x/b:1: not found'}}"), `b: cannot pull image "x/b:1": not found, timed false`},
	} {
		server.add(t, step.resource, step.text)
		if step.want == "" {
			continue
		}
		select {
		case got := <-told:
			if got != step.want {
				t.Errorf("told %q, want %q", got, step.want)
			}
		case <-ctx.Done():
			t.Fatalf("nothing is told after %s", step.text)
		}
	}
	cancel()
	if stuck := <-done; stuck != nil {
		t.Errorf("stuck are %v", stuck)
	}
}

// TestWatchReadsLogs tells why a container that runs does not get ready, until it is.
func TestWatchReadsLogs(t *testing.T) {
	server := &apiServer{logs: map[string]string{"a": noDNS}}
	server.add(t, "pods", unreadyPod)
	client := server.start(t)
	ctx, cancel := context.WithCancel(bounded(t))
	told := make(chan string, 10)
	done := make(chan []Stuck, 1)
	go func() {
		done <- Watch(ctx, client, []*unstructured.Unstructured{object(t, webObject)}, hasty, func(activity Activity) { told <- activity.What })
	}()
	for _, want := range []string{"cluster DNS does not answer: lookup istiod.istio-system.svc on 10.96.0.10:53: connection refused", ""} {
		select {
		case got := <-told:
			if got != want {
				t.Errorf("told %q, want %q", got, want)
			}
		case <-ctx.Done():
			t.Fatalf("nothing is told, want %q", want)
		}
		server.add(t, "pods", readyPod)
	}
	cancel()
	if stuck := <-done; stuck != nil {
		t.Errorf("stuck are %v", stuck)
	}
	var logs int
	for _, request := range server.Requests() {
		if strings.HasSuffix(request.Path, "/log") {
			logs++
		}
	}
	if logs == 0 {
		t.Error("nobody asked for the log")
	}
}
