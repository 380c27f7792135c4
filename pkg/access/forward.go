package access

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/forward"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// limit bounds how long there may be no pod, if Limit does.
func (n Local) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if n.Limit == nil {
		return context.WithCancel(ctx)
	}
	return n.Limit(ctx)
}

// address is the local one.
func (n Local) address() string { return cmp.Or(n.Address, "localhost") }

// free returns a port that can be used.
func (n Local) free(ctx context.Context) (forward.Local, error) {
	if n.Port == 0 && n.Preferred != 0 {
		if local, err := forward.Free(ctx, n.address(), n.Preferred); err == nil {
			return local, nil
		}
	}
	return forward.Free(ctx, n.address(), n.Port)
}

// Local is the near end of a forward. An empty one is a free port of localhost.
type Local struct {
	// Address is an IP address or localhost, which is the default, and Port is
	// from 1 to 65535, or 0 for one that is free.
	Address string
	Port    int
	// Preferred is taken instead of one that is free, if it is free itself.
	Preferred int
	// Limit, if set, bounds, with ErrTimeout as its cause, how long there may
	// be no pod to forward to. It is called each time that one is looked for.
	Limit func(context.Context) (context.Context, context.CancelFunc)
}

// podForward forwards a local port to one of some pods, and to another one
// when that is gone.
type podForward struct {
	cluster   *cluster.Cluster
	namespace string
	// narrow selects the pods.
	narrow     func(*metav1.ListOptions)
	candidates *candidates
	// port gives the port of a pod.
	port  func(*corev1.Pod) (int, error)
	local Local
	// opened is called once, with what local programs connect to, when
	// connections get through.
	opened func(host string)
	sink   event.Sink
}

// run returns with the cause of its context's end, or with the reason why
// there is no forward. Whether the local port is free is seen before anything is
// asked, as that is what most often fails.
func (f *podForward) run(ctx context.Context) error {
	local, err := f.local.free(ctx)
	if err != nil {
		return err
	}
	f.sink = redact.Sink(f.sink)
	f.candidates.pods, f.candidates.changed, f.candidates.sink = map[string]*corev1.Pod{}, make(chan struct{}), f.sink
	if err := f.list(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer stop(nil)
	watching.Go(func() {
		if err := f.follower().Run(ctx); err != nil {
			stop(err)
		}
	})
	opened := false
	forwarder := &forward.Forwarder{
		Config: f.cluster.Config,
		Client: f.cluster.Core.RESTClient(),
		Local:  local,
		Next:   f.next,
		Limit:  f.local.limit,
		Broken: func(target forward.Target, err error) {
			f.sink(event.ForwardBroken{Object: targetRef(target), Why: err.Error()})
		},
	}
	forwarder.Connected = func(target forward.Target) {
		f.sink(event.Forwarding{Object: targetRef(target), Port: target.Port})
		if !opened {
			opened = true
			f.opened(forwarder.Local.Host())
		}
	}
	err = forwarder.Run(ctx)
	var taken *forward.ListenError
	if errors.As(err, &taken) && !opened && f.local.Port == 0 {
		// It was free, but somebody else has taken it meanwhile.
		if forwarder.Local, err = forward.Free(ctx, f.local.address(), 0); err == nil {
			err = forwarder.Run(ctx)
		}
	}
	return err
}

// list takes in what is there. The watch would do so as well, but goes on for
// ever where the server cannot be reached.
func (f *podForward) list(ctx context.Context) error {
	ctx, cancel := f.local.limit(ctx)
	defer cancel()
	var options metav1.ListOptions
	f.narrow(&options)
	pods, err := f.cluster.Core.Pods(f.namespace).List(ctx, options)
	if err != nil {
		return cluster.CauseOf(ctx, fmt.Errorf("cannot list pods: %w", err))
	}
	for i := range pods.Items {
		f.candidates.see(&pods.Items[i])
	}
	return nil
}

func (f *podForward) follower() *follow.Follower[*corev1.Pod] {
	pods := f.cluster.Core.Pods(f.namespace)
	return &follow.Follower[*corev1.Pod]{
		What:     "pods",
		Informer: follow.Informer(&corev1.Pod{}, pods.List, pods.Watch, f.narrow),
		Seen:     func(pod *corev1.Pod, _ bool) { f.candidates.see(pod) },
		Gone:     f.candidates.gone,
		Listed:   f.candidates.keep,
	}
}

func (f *podForward) next(ctx context.Context) (forward.Target, error) {
	pod, usable, err := f.candidates.next(ctx)
	if err != nil {
		return forward.Target{}, err
	}
	port, err := f.port(pod)
	return forward.Target{Namespace: pod.Namespace, Pod: pod.Name, Port: port, Usable: usable}, err
}

func targetRef(target forward.Target) event.Object {
	return event.Object{Kind: "Pod", Namespace: target.Namespace, Name: target.Pod}
}
