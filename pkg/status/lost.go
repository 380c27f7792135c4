package status

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// parallel bounds the requests under way.
const parallel = 32

// lostMember is one that is not there, or exists and is no member any more.
type lostMember struct {
	ref    event.Object
	exists bool
}

// census is which members are on the cluster, and which the user may not see.
type census struct {
	mutex   sync.Mutex
	present map[event.Object]bool
	// hidden counts members by the resource that may not be read.
	hidden map[string]int
}

// count lists the members that are no workloads, by their metadata, with one
// request for each kind and namespace.
func (s *Status) count(ctx context.Context, found watched) (*census, error) {
	counted := &census{present: map[event.Object]bool{}, hidden: map[string]int{}}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for place, refs := range found.configuration() {
		group.Go(func() error {
			objects, err := applyset.List(ctx, s.Cluster.Metadata, []applyset.Place{place}, s.members())
			counted.mutex.Lock()
			defer counted.mutex.Unlock()
			if apierrors.IsForbidden(err) {
				counted.hide(place.Resource, refs...)
				return nil
			}
			for _, object := range objects {
				if applyset.IsMember(object.Meta, s.id()) {
					counted.present[object.Ref] = true
				}
			}
			return err
		})
	}
	err := group.Wait()
	return counted, err
}

// configuration returns the members that are no workloads, by their place.
func (w watched) configuration() map[applyset.Place][]event.Object {
	places := map[applyset.Place][]event.Object{}
	for _, member := range w.members {
		kind := schema.GroupKind{Group: member.Group, Kind: member.Kind}
		if at, served := w.served.Find(kind); served && !w.runs(member) {
			place := applyset.Place{Kind: kind, Resource: at.Resource, Namespace: member.Namespace}
			places[place] = append(places[place], member)
		}
	}
	return places
}

// hide counts members as neither there nor missing.
func (c *census) hide(resource schema.GroupVersionResource, refs ...event.Object) {
	c.hidden[resource.GroupResource().String()] += len(refs)
	for _, ref := range refs {
		c.present[ref] = true
	}
}

// unseen warns of what nobody can tell.
func (c *census) unseen() []string {
	if len(c.hidden) == 0 {
		return nil
	}
	objects := 0
	for _, count := range c.hidden {
		objects += count
	}
	return []string{fmt.Sprintf("cannot tell whether %d objects exist: no permission to read %s", objects, strings.Join(slices.Sorted(maps.Keys(c.hidden)), ", "))}
}

// search asks for each member that no list had: it may have lost its label. Of
// kinds that the cluster does not serve any more there is nothing.
func (s *Status) search(ctx context.Context, found watched, counted *census) ([]lostMember, error) {
	var lost []lostMember
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, member := range found.members {
		if counted.present[member] {
			continue
		}
		group.Go(func() error {
			at, served := found.served.Find(schema.GroupKind{Group: member.Group, Kind: member.Kind})
			var err error
			if served {
				_, err = s.Cluster.Metadata.Resource(at.Resource).Namespace(member.Namespace).Get(ctx, member.Name, metav1.GetOptions{})
			}
			counted.mutex.Lock()
			defer counted.mutex.Unlock()
			switch {
			case !served || apierrors.IsNotFound(err):
				lost = append(lost, lostMember{ref: member})
			case apierrors.IsForbidden(err):
				counted.hide(at.Resource, member)
			case err != nil:
				return fmt.Errorf("cannot read %s: %w", member, err)
			default:
				lost = append(lost, lostMember{ref: member, exists: true})
			}
			return nil
		})
	}
	err := group.Wait()
	slices.SortFunc(lost, func(a, b lostMember) int { return strings.Compare(a.ref.String(), b.ref.String()) })
	return lost, err
}
