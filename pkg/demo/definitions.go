package demo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/crd"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
)

// recent is for how long it counts what was seen in a definition before it goes.
// Something can come after any look, and this is no more than a slow connection
// leaves anyway.
const recent = time.Second

// definitions knows what is stored of the kinds that definitions define. It can
// be used by many goroutines.
type definitions struct {
	cluster *Cluster
	// ahead is closed when nothing is read ahead any more, and stop ends that.
	ahead chan struct{}
	stop  context.CancelFunc

	mutex sync.Mutex
	known map[types.UID]*known
}

// known is what is known of a definition.
type known struct {
	// generation is the definition's, as of which its objects are at the place.
	generation int64
	place      inventory.Place
	// inside is what was read ahead, until it is asked for.
	inside *inside
}

// inside is what is in a definition.
type inside struct {
	objects []inventory.Object
	// asOf is when it was looked at.
	asOf time.Time
	err  error
}

// newDefinitions reads nothing ahead.
func newDefinitions(cluster *Cluster) *definitions {
	nothing := make(chan struct{})
	close(nothing)
	return &definitions{cluster: cluster, ahead: nothing, stop: func() {}, known: map[types.UID]*known{}}
}

// beginDefinitions begins to look into all definitions with the label of a set,
// before it is known which of them matter. Close ends it.
func beginDefinitions(ctx context.Context, cluster *Cluster, selector string) *definitions {
	ctx, stop := context.WithCancel(ctx)
	d := &definitions{cluster: cluster, ahead: make(chan struct{}), stop: stop, known: map[types.UID]*known{}}
	go func() {
		defer close(d.ahead)
		d.readAhead(ctx, selector)
	}()
	return d
}

// close ends what is still read ahead.
func (d *definitions) close() {
	d.stop()
	<-d.ahead
}

// readAhead leaves what cannot be read for later.
func (d *definitions) readAhead(ctx context.Context, selector string) {
	list, err := d.cluster.briefly().Resource(crd.Resource).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lookedInto)
	for n := range list.Items {
		definition := &list.Items[n]
		group.Go(func() error {
			place, stored := placeOf(definition)
			if !stored || place.Resource.Version == "" {
				return nil
			}
			asOf := time.Now()
			if objects, served, err := inventory.All(ctx, d.cluster.Metadata, place); served {
				d.note(definition.GetUID(), &known{definition.GetGeneration(), place, &inside{objects, asOf, err}})
			}
			return nil
		})
	}
	_ = group.Wait() // none fails: what is wrong is told when it is asked for
}

func (d *definitions) note(uid types.UID, known *known) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.known[uid] = known
}

// take gives what is known of a definition. What was read ahead is given once.
func (d *definitions) take(uid types.UID) (known, bool) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	found, there := d.known[uid]
	if !there {
		return known{}, false
	}
	taken := *found
	found.inside = nil
	return taken, true
}

// instances gives the custom resources of a definition, in all namespaces, and
// when that was looked at.
func (d *definitions) instances(ctx context.Context, definition inventory.Object) ([]inventory.Object, time.Time, error) {
	asOf := time.Now()
	select {
	case <-d.ahead:
	case <-ctx.Done():
		return nil, asOf, context.Cause(ctx)
	}
	before, there := d.take(definition.Meta.UID)
	if there && before.inside != nil && time.Since(before.inside.asOf) < recent {
		return before.inside.objects, before.inside.asOf, before.inside.err
	}
	asOf = time.Now()
	if there {
		objects, same, err := d.again(ctx, definition, before)
		if same || err != nil {
			return objects, asOf, err
		}
	}
	objects, err := d.read(ctx, definition)
	return objects, asOf, err
}

// again lists what is at the place that is known, and looks at the same time
// whether it is still the place.
func (d *definitions) again(ctx context.Context, definition inventory.Object, before known) (objects []inventory.Object, same bool, err error) {
	var served bool
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		objects, served, err = inventory.All(ctx, d.cluster.Metadata, before.place)
		return err
	})
	both.Go(func() error {
		found, err := d.cluster.Metadata.Resource(definition.Resource).Get(ctx, definition.Ref.Name, metav1.GetOptions{})
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("cannot read %s: %w", definition.Ref, err)
		}
		same = err == nil && found.UID == definition.Meta.UID && found.Generation == before.generation
		return nil
	})
	err = both.Wait()
	return objects, same && served, err
}

// read asks the definition for its place. Its versions are asked for, because
// what the cluster served a moment ago need not have them yet, or any more.
func (d *definitions) read(ctx context.Context, definition inventory.Object) ([]inventory.Object, error) {
	found, err := d.cluster.briefly().Resource(definition.Resource).Get(ctx, definition.Ref.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", definition.Ref, err)
	}
	place, stored := placeOf(found)
	if !stored {
		return nil, nil // it was never established, so that nothing could be stored
	}
	if place.Resource.Version == "" {
		return nil, &unseen{errors.New("none of its versions is served")}
	}
	objects, served, err := inventory.All(ctx, d.cluster.Metadata, place)
	switch {
	case err != nil:
		return nil, err
	case served:
		d.note(found.GetUID(), &known{generation: found.GetGeneration(), place: place})
	case isEstablished(found):
		// This API server may be behind another one, through which something
		// was stored.
		return nil, &unseen{fmt.Errorf("%s is not served at the moment", place.Resource.GroupResource())}
	}
	return objects, nil
}

// isEstablished tells whether something can have been stored. A definition stays
// established once it was.
func isEstablished(definition *unstructured.Unstructured) bool {
	return hasCondition(definition, "Established")
}

// placeOf is where the objects of a definition are; without a version where
// none is served. Stored is false where there never was a place.
func placeOf(definition *unstructured.Unstructured) (place inventory.Place, stored bool) {
	versions, _, _ := unstructured.NestedStringSlice(definition.Object, "status", "storedVersions")
	group, _, _ := unstructured.NestedString(definition.Object, "spec", "group")
	kind, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "kind")
	plural, _, _ := unstructured.NestedString(definition.Object, "spec", "names", "plural")
	place.Kind = schema.GroupKind{Group: group, Kind: kind}
	place.Resource = schema.GroupVersionResource{Group: group, Resource: plural}
	// Not NestedSlice: it would copy the schemas where these were read.
	field, _, _ := unstructured.NestedFieldNoCopy(definition.Object, "spec", "versions")
	all, _ := field.([]any)
	for _, version := range all {
		fields, _ := version.(map[string]any)
		if served, _, _ := unstructured.NestedBool(fields, "served"); served {
			place.Resource.Version, _, _ = unstructured.NestedString(fields, "name")
		}
	}
	return place, len(versions) > 0
}
