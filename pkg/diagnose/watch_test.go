package diagnose

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hasty makes a second of a grace a millisecond.
func hasty(f Finding) time.Duration { return f.Grace / 1000 }

// bounded ends a watch that would go on for ever and so fails its test.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

const pullingPod = "{metadata: {name: a, uid: a, " + ours + "}, spec: {containers: [{name: web, image: 'web:1'}]}, status: {containerStatuses: [{name: web, " + pullState + "}]}}"

const refused = "{metadata: {name: e, uid: e}, type: Warning, reason: FailedCreate, message: 'exceeded quota: small', " +
	"lastTimestamp: '2026-01-01T00:00:01Z', involvedObject: {kind: ReplicaSet, name: web-5d9c}}"

func TestWatch(t *testing.T) {
	for _, test := range []struct {
		name, workload string
		// before and after are what comes before and after the watch begins.
		before, after map[string]string
		want          string
	}{
		{"before", webObject, map[string]string{"pods": pullingPod}, nil, `pod a: container web: ErrImagePull: image "web:1": registry.example.com/web:1: not found`},
		{"after", webObject, nil, map[string]string{"pods": pullingPod}, `pod a: container web: ErrImagePull: image "web:1": registry.example.com/web:1: not found`},
		{"it goes wrong", webObject, map[string]string{"pods": readyPod}, map[string]string{"pods": pullingPod}, `pod a: container web: ErrImagePull: image "web:1": registry.example.com/web:1: not found`},
		{"a pod", "{apiVersion: v1, kind: Pod, metadata: {name: a}}", nil, map[string]string{"pods": pullingPod}, `pod a: container web: ErrImagePull: image "web:1": registry.example.com/web:1: not found`},
		{"a refusal", webObject, nil, map[string]string{"events": refused}, "FailedCreate: exceeded quota: small"},
		{"a refusal, although the old pods run", webObject, map[string]string{"pods": readyPod}, map[string]string{"events": refused}, "FailedCreate: exceeded quota: small"},
		// Five restarts are not over, but the log tells.
		{"a program of another machine", webObject, map[string]string{"pods": crashingPod}, nil, "pod a: container web: CrashLoopBackOff: exit code 1, restarted 3 times: exec format error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{logs: map[string]string{"a": "exec /web: exec format error\n"}}
			for resource, text := range test.before {
				server.add(t, resource, text)
			}
			client := server.start(t)
			var adding sync.WaitGroup
			adding.Go(func() {
				server.awaitWatches(t, 2)
				for resource, text := range test.after {
					server.add(t, resource, text)
				}
			})
			defer adding.Wait()
			workload := object(t, test.workload)
			stuck := Watch(bounded(t), client, []*unstructured.Unstructured{workload}, hasty, nil)
			if len(stuck) != 1 || stuck[0].Workload != workload || len(stuck[0].Findings) != 1 || stuck[0].Findings[0].String() != test.want {
				t.Errorf("stuck are %v, want %q", stuck, test.want)
			}
		})
	}
}

// TestWatchWaits goes on until the context ends where something may heal, is
// over, or cannot be seen.
func TestWatchWaits(t *testing.T) {
	later := strings.Replace(readyPod, "name: a,", "name: a, creationTimestamp: '2026-01-01T00:00:02Z',", 1)
	scaled := "{metadata: {name: s}, type: Normal, reason: TriggeredScaleUp, involvedObject: {kind: Pod, name: a}}"
	for _, test := range []struct {
		name, workload string
		before, after  map[string]string
		refuses        string
	}{
		{"nothing to watch", "{apiVersion: v1, kind: Service, metadata: {name: web}}", nil, nil, ""},
		{"no pods", webObject, nil, nil, ""},
		{"all is well", webObject, map[string]string{"pods": readyPod}, nil, ""},
		{"few crashes", webObject, map[string]string{"pods": crashingPod}, nil, ""},
		{"pods of others", webObject, map[string]string{"pods": strings.Replace(pullingPod, "web-5d9c", "db-5d9c", 1)}, nil, ""},
		// Nobody has tried again since; the quota may have been raised.
		{"a refusal of before", webObject, map[string]string{"events": refused}, nil, ""},
		{"a refusal that is over", webObject, nil, map[string]string{"events": refused, "pods": later}, ""},
		{"a node comes", webObject, map[string]string{"pods": unplacedPod, "events": scaled}, nil, ""},
		{"no pods to see", webObject, map[string]string{"pods": pullingPod}, nil, "pods"},
		{"a refusal, and no pods to see", webObject, nil, map[string]string{"events": refused}, "pods"},
		{"no events to see", webObject, nil, map[string]string{"events": refused}, "events"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{refuses: map[string]int{test.refuses: http.StatusForbidden}}
			for resource, text := range test.before {
				server.add(t, resource, text)
			}
			client := server.start(t)
			ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
			defer cancel()
			var adding sync.WaitGroup
			adding.Go(func() {
				time.Sleep(100 * time.Millisecond)
				for resource, text := range test.after {
					server.add(t, resource, text)
				}
			})
			defer adding.Wait()
			if stuck := Watch(ctx, client, []*unstructured.Unstructured{object(t, test.workload)}, hasty, nil); stuck != nil {
				t.Errorf("stuck are %v", stuck)
			}
			if ctx.Err() == nil {
				t.Error("it did not wait")
			}
			if requests := server.took(); len(requests) > 8 || test.refuses != "" && len(server.Requests()) > 8 {
				t.Errorf("it asked %q", requests)
			}
		})
	}
}

// TestWatchWaitsForWebhooks lets the grace of a webhook that does not answer
// begin when everything else in its namespace runs.
func TestWatchWaitsForWebhooks(t *testing.T) {
	istiod := strings.ReplaceAll(strings.ReplaceAll(webObject, "name: web", "name: istiod"), "app: web", "app: istiod")
	gateway := strings.ReplaceAll(strings.ReplaceAll(webObject, "name: web", "name: gateway"), "app: web", "app: gateway")
	ready := func(condition string) string {
		return "{metadata: {name: istiod, uid: i, labels: {app: istiod}}, status: {conditions: [{type: Ready, status: '" + condition + "'}]}}"
	}
	failed := func(at string) string {
		return "{metadata: {name: e, uid: e}, type: Warning, reason: FailedCreate, message: 'failed calling webhook \"inject.istio.io\": failed to call webhook: Post \"https://istiod.mesh.svc:443/inject\": EOF', " +
			"lastTimestamp: '2026-01-01T00:00:" + at + "Z', involvedObject: {kind: ReplicaSet, name: gateway-5d9c}}"
	}
	server := &apiServer{}
	server.add(t, "pods", ready("False"))
	client := server.start(t)
	done := make(chan []Stuck, 1)
	ctx := bounded(t)
	go func() {
		done <- Watch(ctx, client, []*unstructured.Unstructured{object(t, istiod), object(t, gateway)}, hasty, nil)
	}()
	server.awaitWatches(t, 2)
	for _, step := range []struct{ resource, text string }{
		{"events", failed("01")},
		{"events", failed("02")},
		{"pods", ready("True")},
	} {
		server.add(t, step.resource, step.text)
		select {
		case stuck := <-done:
			t.Fatalf("stuck are %v after %s", stuck, step.text)
		case <-time.After(200 * time.Millisecond):
		}
	}
	server.add(t, "events", failed("03"))
	if stuck := <-done; len(stuck) != 1 || stuck[0].Workload.GetName() != "gateway" {
		t.Errorf("stuck are %v", stuck)
	}
}

// TestWatchLeavesNothing counts goroutines.
func TestWatchLeavesNothing(t *testing.T) {
	server := &apiServer{}
	server.add(t, "pods", pullingPod)
	client := server.start(t)
	workloads := []*unstructured.Unstructured{object(t, webObject), object(t, strings.Replace(webObject, "name: web", "name: proxy", 1))}
	Watch(bounded(t), client, workloads, hasty, nil) // what the first one opens stays
	telling := "events reason!=Scheduled,reason!=SuccessfulCreate,reason!=ScalingReplicaSet,reason!=Started,reason!=Killing"
	want := []string{"events type=Warning", telling, "pods", "pods app=web", "watch " + telling, "watch pods"}
	if requests := server.took(); !slices.Equal(slices.DeleteFunc(requests, func(r string) bool { return !slices.Contains(want, r) }), requests) {
		t.Errorf("the requests are %q, want of %q", requests, want)
	}
	before := runtime.NumGoroutine()
	for range 5 {
		Watch(bounded(t), client, workloads, hasty, nil)
	}
	// The server needs a moment to see that its clients have gone.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines are left", after-before)
	}
}

// awaitWatches returns when a number of watches have begun.
func (s *apiServer) awaitWatches(t *testing.T, number int) {
	for range number {
		select {
		case <-s.began:
		case <-bounded(t).Done():
			t.Error("the watches did not begin")
		}
	}
}
