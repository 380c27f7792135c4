package access

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

var (
	errPodDeleted = errors.New("being deleted")
	errPodEnded   = errors.New("terminated")
)

// candidates are the pods that a forward can go to, as a watch shows them.
type candidates struct {
	// unready is true where a pod needs to run and no more than that: who
	// names a pod may want to know why it is not ready.
	unready bool
	// none is the error when there is no pod in the first place, and nil where
	// one is to be waited for.
	none func() error
	// replaced, if set, is the error when the only pod that was meant has
	// gone.
	replaced func() error
	sink     event.Sink

	mutex   sync.Mutex
	changed chan struct{}
	pods    map[string]*corev1.Pod
	// chosen is the pod in use, and drop ends its use.
	chosen types.UID
	drop   context.CancelCauseFunc
	// told is what was said last of the pods that are not ready.
	told string
	used bool
}

// see takes a pod in as it is now.
func (c *candidates) see(pod *corev1.Pod) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.pods[pod.Name] = pod
	c.look()
}

// gone forgets a pod.
func (c *candidates) gone(pod *corev1.Pod) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	delete(c.pods, pod.Name)
	c.look()
}

// keep forgets what is not there any more.
func (c *candidates) keep(there func(cache.ObjectName) bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for name, pod := range c.pods {
		if !there(cache.MetaObjectToName(pod)) {
			delete(c.pods, name)
		}
	}
	c.look()
}

// look drops the pod in use if that can be of no use any more, and wakes up
// whoever waits. A pod that is not ready for a while stays in use.
func (c *candidates) look() {
	if c.drop != nil {
		why := errPodDeleted
		for _, pod := range c.pods {
			switch {
			case pod.UID != c.chosen || pod.DeletionTimestamp != nil:
			case over(pod):
				why = errPodEnded
			default:
				why = nil
			}
		}
		if why != nil {
			c.drop(why)
			c.drop = nil
		}
	}
	close(c.changed)
	c.changed = make(chan struct{})
}

// next waits for a pod that is ready. Its context ends when it is of no use
// any more.
func (c *candidates) next(ctx context.Context) (*corev1.Pod, context.Context, error) {
	for {
		pod, usable, changed, err := c.choose(ctx)
		if pod != nil || err != nil {
			return pod, usable, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil, c.waited(ctx)
		}
	}
}

// waited says what was waited for in vain.
func (c *candidates) waited(ctx context.Context) error {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	cause := context.Cause(ctx)
	if !errors.Is(cause, cluster.ErrTimeout) || c.told == "" {
		return cause
	}
	return fmt.Errorf("%w: %s", cause, c.told)
}

// choose returns the newest of the pods that are ready, which will be there for
// the longest time, or says what the others are waiting for.
func (c *candidates) choose(ctx context.Context) (best *corev1.Pod, usable context.Context, changed <-chan struct{}, err error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for _, pod := range c.pods {
		if c.usable(pod) && (best == nil || best.CreationTimestamp.Before(&pod.CreationTimestamp)) {
			best = pod
		}
	}
	switch {
	case best != nil:
		if c.drop != nil {
			c.drop(nil)
		}
		// The use outlasts the wait, and so has a context of its own.
		usable, c.drop = context.WithCancelCause(context.WithoutCancel(ctx))
		c.chosen, c.used, c.told = best.UID, true, ""
		return best, usable, nil, nil
	case len(c.pods) == 0 && !c.used && c.none != nil:
		return nil, nil, nil, c.none()
	case c.used && c.replaced != nil && !c.there(c.chosen):
		return nil, nil, nil, c.replaced()
	}
	c.tell()
	return nil, nil, c.changed, nil
}

func (c *candidates) there(uid types.UID) bool {
	for _, pod := range c.pods {
		if pod.UID == uid && pod.DeletionTimestamp == nil {
			return true
		}
	}
	return false
}

// tell says of one pod what it is waiting for, each time that this changes.
func (c *candidates) tell() {
	var newest *corev1.Pod
	for _, pod := range c.pods {
		if pod.DeletionTimestamp == nil && (newest == nil || newest.CreationTimestamp.Before(&pod.CreationTimestamp)) {
			newest = pod
		}
	}
	if newest == nil {
		c.told = "no pods, or only pods that are being deleted"
		return
	}
	object, state := podRef(newest), podState(newest)
	if said := object.String() + " is not ready: " + state; said != c.told {
		c.told = said
		c.sink(event.Waiting{Object: object, Message: "not ready: " + state})
	}
}

func (c *candidates) usable(pod *corev1.Pod) bool {
	if pod.DeletionTimestamp != nil || pod.Status.Phase != corev1.PodRunning {
		return false
	}
	return c.unready || isReady(pod)
}

func isReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

func over(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

func podRef(pod *corev1.Pod) event.Object {
	return event.Object{Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name}
}

// podState says in a few words why a pod is not ready.
func podState(pod *corev1.Pod) string {
	for _, status := range append(append([]corev1.ContainerStatus{}, pod.Status.InitContainerStatuses...), pod.Status.ContainerStatuses...) {
		switch state := status.State; {
		case state.Waiting != nil && state.Waiting.Reason != "" && state.Waiting.Reason != "PodInitializing":
			return strings.TrimSuffix(fmt.Sprintf("container %s: %s: %s", status.Name, state.Waiting.Reason, state.Waiting.Message), ": ")
		case state.Running != nil && !status.Ready:
			return fmt.Sprintf("container %s is running, but not ready", status.Name)
		}
	}
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
			return strings.TrimSuffix(condition.Reason+": "+condition.Message, ": ")
		}
	}
	if pod.Status.Phase == corev1.PodRunning {
		return "running, but not ready"
	}
	if pod.Status.Phase == "" {
		return string(corev1.PodPending)
	}
	return string(pod.Status.Phase)
}
