package hold_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	metadatafake "k8s.io/client-go/metadata/fake"
	clienttesting "k8s.io/client-go/testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/hold"
)

var (
	root    = event.Object{Kind: "ConfigMap", Namespace: "mesh", Name: "root"}
	istiod  = event.Object{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: "istiod"}
	gateway = event.Object{Group: "apps", Kind: "Deployment", Namespace: "mesh", Name: "gateway"}
	// gateways need the ConfigMap, and addons come behind them and istiod.
	demo           = []hold.Group{{Needs: []event.Object{root}}, {Behind: []event.Object{istiod, gateway}}}
	gateways, rest = []int{0}, []int{1}
)

// bench is a cluster in memory with a Hold.
type bench struct {
	*hold.Hold
	core     *fake.Clientset
	metadata *metadatafake.FakeMetadataClient
	began    time.Time
}

func begin(ctx context.Context, groups []hold.Group, refused string, objects ...runtime.Object) *bench {
	scheme := metadatafake.NewTestScheme()
	_ = metav1.AddMetaToScheme(scheme)
	b := &bench{core: fake.NewClientset(), metadata: metadatafake.NewSimpleMetadataClient(scheme, objects...), began: time.Now()}
	refuse := func(action clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(action.GetResource().GroupResource(), "", nil)
	}
	b.metadata.PrependReactor("list", refused, refuse)
	b.core.PrependReactor("list", refused, refuse)
	b.core.PrependWatchReactor("*", func(action clienttesting.Action) (bool, watch.Interface, error) {
		// The tracker does not send what it has at the beginning of a watch.
		initial := action.(clienttesting.WatchActionImpl).ListOptions.SendInitialEvents != nil
		return initial, nil, apierrors.NewInvalid(schema.GroupKind{Kind: "ListOptions"}, "", nil)
	})
	b.Hold = hold.Begin(ctx, b.core.CoreV1(), b.metadata, groups)
	return b
}

func configMap() *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}, ObjectMeta: metav1.ObjectMeta{Namespace: "mesh", Name: "root"}}
}

// appears creates the ConfigMap.
func (b *bench) appears(t *testing.T) {
	configMaps := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	if err := b.metadata.Tracker().Create(configMaps, configMap(), "mesh"); err != nil {
		t.Error(err)
	}
}

// happens has something happen to a pod of the mesh.
func (b *bench) happens(t *testing.T, pod, kind, field string, at time.Time) {
	happened := &corev1.Event{
		ObjectMeta:     metav1.ObjectMeta{Namespace: "mesh", GenerateName: "e", Name: fmt.Sprint(pod, field, kind, at.UnixNano())},
		InvolvedObject: corev1.ObjectReference{Kind: "Pod", Namespace: "mesh", Name: pod, FieldPath: field},
		Type:           kind, LastTimestamp: metav1.NewTime(at),
	}
	if _, err := b.core.CoreV1().Events("mesh").Create(t.Context(), happened, metav1.CreateOptions{}); err != nil {
		t.Error(err)
	}
}

// want takes the next groups, and fails unless they come after some time.
func (b *bench) want(ctx context.Context, t *testing.T, groups []int, after time.Duration) {
	t.Helper()
	got := b.Next(ctx)
	if took := time.Since(b.began); !slices.Equal(got, groups) || took != after {
		t.Errorf("after %s come %v, want %v after %s", took, got, groups, after)
	}
}

// TestMissing tells whether anything is to be held at all.
func TestMissing(t *testing.T) {
	for _, test := range []struct {
		name    string
		objects []runtime.Object
		refused string
		want    bool
	}{
		{"it exists", []runtime.Object{configMap()}, "none", false},
		{"it does not", nil, "none", true},
		{"nobody may look", nil, "configmaps", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := begin(t.Context(), demo, test.refused, test.objects...)
				defer b.Close()
				if got := b.Missing(t.Context()); got != test.want || time.Since(b.began) > 0 {
					t.Errorf("after %s: %t", time.Since(b.began), got)
				}
			})
		})
	}
}

// TestNext creates the gateways when their ConfigMap appears, and the rest when all
// pods of the mesh are in the queue of their nodes.
func TestNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t.Context(), demo, "none")
		defer b.Close()
		if !b.Missing(t.Context()) {
			t.Error("nothing is missing")
		}
		b.Created(istiod, b.began, false)
		go func() {
			<-time.After(time.Second)
			b.happens(t, "istiod-1-a", corev1.EventTypeNormal, "spec.containers{discovery}", time.Now())
			<-time.After(time.Second)
			b.appears(t)
		}()
		b.want(t.Context(), t, gateways, 2*time.Second)
		b.Created(gateway, time.Now(), false)
		go func() {
			for _, happened := range []struct {
				pod, kind, field string
				ago              time.Duration
			}{
				{"gateway-1-a", corev1.EventTypeNormal, "", 0},                                 // it is scheduled
				{"gateway-0-a", corev1.EventTypeNormal, "spec.containers{proxy}", time.Minute}, // that of an earlier install
				{"gateway-1-a", corev1.EventTypeNormal, "spec.initContainers{istio-proxy}", 0}, // that is injected
				{"gateway-1-a", corev1.EventTypeWarning, "spec.initContainers{istio-proxy}", 0},
				{"gateways-1-a", corev1.EventTypeNormal, "spec.containers{proxy}", 0}, // of somebody else
				{"gateway-1-a", corev1.EventTypeNormal, "spec.containers{proxy}", 0},
			} {
				<-time.After(time.Second)
				b.happens(t, happened.pod, happened.kind, happened.field, time.Now().Add(-happened.ago))
			}
		}()
		b.want(t.Context(), t, rest, 8*time.Second)
		b.want(t.Context(), t, nil, 8*time.Second)
	})
}

// TestNextWithoutPulls lets the rest follow pods that are ready or stuck, or that nobody
// may look at.
func TestNextWithoutPulls(t *testing.T) {
	for name, test := range map[string]struct {
		refused string
		do      func(*testing.T, *bench)
	}{
		"ready":             {"none", func(_ *testing.T, b *bench) { b.Ready(istiod) }},
		"stuck":             {"none", func(t *testing.T, b *bench) { b.happens(t, "istiod-1-a", corev1.EventTypeWarning, "", time.Now()) }},
		"nobody may look":   {"events", func(*testing.T, *bench) {}},
		"a pod by itself":   {"none", func(t *testing.T, b *bench) { b.happens(t, "istiod", corev1.EventTypeWarning, "", time.Now()) }},
		"ready from before": {"none", func(_ *testing.T, b *bench) { b.Created(istiod, b.began, true) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := begin(t.Context(), []hold.Group{{Behind: []event.Object{istiod}}}, test.refused)
				defer b.Close()
				b.Created(istiod, b.began, false)
				test.do(t, b)
				b.want(t.Context(), t, []int{0}, 0)
			})
		})
	}
}

// TestNextReady lets a group go when a workload is ready, and not when it has begun.
func TestNextReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t.Context(), []hold.Group{{Ready: []event.Object{istiod}, Behind: []event.Object{istiod}}}, "none")
		defer b.Close()
		b.Created(istiod, b.began, false)
		b.happens(t, "istiod-1-a", corev1.EventTypeNormal, "spec.containers{discovery}", time.Now())
		go func() {
			<-time.After(time.Second)
			b.Ready(istiod)
		}()
		b.want(t.Context(), t, []int{0}, time.Second)
	})
}

// TestNextInVain holds nothing for ever.
func TestNextInVain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := begin(t.Context(), demo, "none")
		defer b.Close()
		b.Created(istiod, b.began, false)
		go func() {
			<-time.After(10 * time.Second)
			b.Ready(istiod)
		}()
		// First what can start, then what cannot.
		b.want(t.Context(), t, rest, 15*time.Second)
		b.Created(event.Object{Name: "addon"}, time.Now(), false)
		b.Ready(event.Object{Name: "addon"})
		b.want(t.Context(), t, gateways, 20*time.Second)
	})
}

// TestNextBounded gives up after two minutes, or half of the time that is left.
func TestNextBounded(t *testing.T) {
	for _, test := range []struct{ timeout, want time.Duration }{
		{time.Hour, 2 * time.Minute},
		{time.Minute, 30 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), test.timeout)
			defer cancel()
			b := begin(ctx, demo, "none")
			defer b.Close()
			b.Missing(ctx)
			b.Created(istiod, b.began, false)
			b.want(ctx, t, []int{0, 1}, test.want)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := begin(ctx, demo, "none")
		defer b.Close()
		b.Missing(ctx)
		b.Created(istiod, b.began, false)
		cancel()
		b.want(ctx, t, nil, 0)
	})
}
