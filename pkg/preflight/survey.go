package preflight

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
	core "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/pager"
)

// parallel bounds the requests of one check that are under way.
const parallel = 32

// survey is the subject together with what checks read of the cluster. Each of
// these is read once, when the first check needs it.
type survey struct {
	Subject
	// limited ends when a check is to go on without an answer.
	limited context.Context

	running func() (*version.Info, error)
	nodes   func() ([]corev1.Node, error)
	// places are the subject's namespaces.
	places func() (map[string]place, error)
	// configured are the webhooks of the cluster.
	configured func() ([]hook, error)
	// used is what pods take of each node.
	used func() (map[string]amount, error)
	// addressed is the first Service that a load balancer has given an address,
	// or nothing.
	addressed func() (string, error)
}

// place is a namespace as it is on the cluster.
type place struct {
	// found is nil if there is no such namespace, or if it is hidden: whoever
	// may not look at a namespace may still work in it.
	found  *metav1.PartialObjectMetadata
	hidden bool
}

// newSurvey reads nothing yet. What only tells whether pods will run is read under
// the limited context.
func newSurvey(ctx, limited context.Context, subject Subject) *survey {
	s := &survey{Subject: subject, limited: limited}
	s.running = sync.OnceValues(func() (*version.Info, error) { return subject.Version.ServerVersionWithContext(ctx) })
	s.configured = sync.OnceValues(func() ([]hook, error) { return readHooks(limited, subject) })
	s.used = sync.OnceValues(func() (map[string]amount, error) { return readUsed(limited, subject) })
	s.addressed = sync.OnceValues(func() (string, error) { return readAddressed(limited, subject) })
	s.nodes = sync.OnceValues(func() ([]corev1.Node, error) {
		if subject.Nodes != nil {
			return subject.Nodes(limited)
		}
		return Nodes(limited, subject.Core)
	})
	s.places = sync.OnceValues(func() (map[string]place, error) { return readPlaces(ctx, subject) })
	return s
}

// Nodes lists the nodes of a cluster, in chunks. Its errors are the API server's.
func Nodes(ctx context.Context, client core.NodesGetter) ([]corev1.Node, error) {
	var nodes []corev1.Node
	list := func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
		return client.Nodes().List(ctx, options)
	}
	err := pager.New(list).EachListItem(ctx, metav1.ListOptions{}, func(object runtime.Object) error {
		nodes = append(nodes, *object.(*corev1.Node))
		return nil
	})
	return nodes, err
}

var namespaceResource = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// readPlaces looks at all namespaces at once.
func readPlaces(ctx context.Context, subject Subject) (map[string]place, error) {
	read := make([]place, len(subject.Namespaces))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, name := range subject.Namespaces {
		group.Go(func() error {
			found, err := subject.Metadata.Resource(namespaceResource).Get(ctx, name, metav1.GetOptions{})
			switch {
			case apierrors.IsForbidden(err):
				read[i].hidden = true
			case err == nil:
				read[i].found = found
			case !apierrors.IsNotFound(err):
				return fmt.Errorf("cannot read namespace %s: %w", name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	places := map[string]place{}
	for i, name := range subject.Namespaces {
		places[name] = read[i]
	}
	return places, nil
}

// added returns the workloads and Services that an install adds.
func (s *survey) added() Added {
	if s.Added == nil {
		return Added{s.Workloads, s.LoadBalancers}
	}
	return s.Added()
}

// labelsOf returns the labels that a namespace will have: those that it has,
// and above them those that the manifest gives it.
func (s *survey) labelsOf(name string, places map[string]place) map[string]string {
	labels := map[string]string{"kubernetes.io/metadata.name": name}
	if found := places[name].found; found != nil {
		maps.Copy(labels, found.Labels)
	}
	maps.Copy(labels, s.Creates[name])
	return labels
}

// unseen returns the result of a check that could not look, because the user has
// no permission or the server does not answer in time, or else the error. Some
// servers have no nodes or pods at all, and say that they are not found.
func unseen(what string, err error) ([]Result, error) {
	switch {
	case apierrors.IsForbidden(err):
		return notChecked("no permission to list " + what), nil
	case apierrors.IsNotFound(err):
		return notChecked("the cluster does not serve " + what), nil
	case apierrors.IsTimeout(err), apierrors.IsServerTimeout(err), errors.Is(err, context.DeadlineExceeded):
		return notChecked("the API server did not list " + what + " in time"), nil
	}
	return nil, fmt.Errorf("cannot list %s: %w", what, err)
}
