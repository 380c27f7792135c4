package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

func candidate(name string, age time.Duration, ready bool) *corev1.Pod {
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Namespace: "n", Name: name, UID: types.UID(name), CreationTimestamp: metav1.NewTime(time.Now().Add(-age)),
	}}
	pod.Status.Phase = corev1.PodRunning
	if ready {
		pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	}
	return pod
}

func deleting(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.DeletionTimestamp = &metav1.Time{Time: time.Now()}
	return pod
}

func newCandidates(told *[]string) *candidates {
	return &candidates{
		pods: map[string]*corev1.Pod{}, changed: make(chan struct{}),
		sink: func(e event.Event) { *told = append(*told, e.(event.Waiting).Message) },
	}
}

// TestCandidates follows a Deployment through a restart.
func TestCandidates(t *testing.T) {
	var told []string
	c := newCandidates(&told)
	old, young, unready := candidate("old", time.Hour, true), candidate("young", time.Minute, true), candidate("unready", time.Second, false)
	for _, pod := range []*corev1.Pod{old, young, unready} {
		c.see(pod)
	}
	pod, usable, err := c.next(t.Context())
	if err != nil || pod.Name != "young" {
		t.Fatalf("it is %v, %v", pod, err)
	}
	flapping := young.DeepCopy()
	flapping.Status.Conditions = nil
	c.see(flapping)
	c.gone(old)
	if usable.Err() != nil {
		t.Errorf("the pod in use was dropped: %v", context.Cause(usable))
	}
	c.see(deleting(young))
	if !errors.Is(context.Cause(usable), errPodDeleted) {
		t.Errorf("a pod that is being deleted stays in use: %v", context.Cause(usable))
	}
	c.keep(func(name cache.ObjectName) bool { return name.Name == "unready" })
	go c.see(candidate("unready", time.Second, true))
	if pod, usable, err = c.next(t.Context()); err != nil || pod.Name != "unready" {
		t.Fatalf("it is %v, %v", pod, err)
	}
	failed := pod.DeepCopy()
	failed.Status.Phase = corev1.PodFailed
	c.see(failed)
	if !errors.Is(context.Cause(usable), errPodEnded) {
		t.Errorf("a pod that has failed stays in use: %v", context.Cause(usable))
	}
}

// TestCandidatesNone has no pod at first, and later not the one that is meant.
func TestCandidatesNone(t *testing.T) {
	var told []string
	c := newCandidates(&told)
	none, replaced := errors.New("none"), errors.New("replaced")
	c.none, c.replaced = func() error { return none }, func() error { return replaced }
	if _, _, err := c.next(t.Context()); err != none {
		t.Errorf("it is %v", err)
	}
	c.unready = true
	c.see(candidate("a", 0, false))
	if pod, _, err := c.next(t.Context()); err != nil || pod.Name != "a" {
		t.Errorf("it is %v, %v", pod, err)
	}
	c.see(deleting(c.pods["a"]))
	if _, _, err := c.next(t.Context()); err != replaced {
		t.Errorf("it is %v", err)
	}
}

// TestCandidatesTimeout says what was waited for, and interrupts say nothing.
func TestCandidatesTimeout(t *testing.T) {
	var told []string
	c := newCandidates(&told)
	c.see(candidate("a", 0, false))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(fmt.Errorf("%w after 1s", cluster.ErrTimeout))
	_, _, err := c.next(ctx)
	if err == nil || err.Error() != "timed out after 1s: pod n/a is not ready: running, but not ready" {
		t.Errorf("it is %v", err)
	}
	if strings.Join(told, "|") != "not ready: running, but not ready" {
		t.Errorf("told was %q", told)
	}
	interrupted := errors.New("interrupted")
	ctx, cancel = context.WithCancelCause(t.Context())
	cancel(interrupted)
	if _, _, err = c.next(ctx); err != interrupted {
		t.Errorf("it is %v", err)
	}
}

func TestPodState(t *testing.T) {
	container := func(state corev1.ContainerState) *corev1.Pod {
		return &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodPending, ContainerStatuses: []corev1.ContainerStatus{{Name: "c", State: state}}}}
	}
	for want, pod := range map[string]*corev1.Pod{
		"Pending":                               {},
		"Failed":                                {Status: corev1.PodStatus{Phase: corev1.PodFailed}},
		"container c: ContainerCreating":        container(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}),
		"container c: ErrImagePull: not found":  container(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ErrImagePull", Message: "not found"}}),
		"container c is running, but not ready": container(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}),
		"Unschedulable: no nodes": {Status: corev1.PodStatus{Conditions: []corev1.PodCondition{
			{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "Unschedulable", Message: "no nodes"}}}},
	} {
		if got := podState(pod); got != want {
			t.Errorf("it is %q and not %q", got, want)
		}
	}
}
