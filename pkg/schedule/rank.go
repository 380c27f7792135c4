package schedule

import (
	"cmp"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// rank tells which workloads come first where a node pulls one image after the
// other.
type rank int

// The ranks, in order.
const (
	// writers may write what other workloads need.
	writers rank = iota
	// mesh is what has Istio's proxy, and what runs on each node.
	mesh
	others
)

// order is what is known of the workloads among some objects.
type order struct {
	workloads map[int]*workload
	ranks     map[int]rank
	writerOf  map[event.Object]string
}

// orderOf finds the workloads, what they need that the objects do not have, and
// who writes that.
func orderOf(objects []*unstructured.Unstructured) order {
	o := order{workloads: map[int]*workload{}, ranks: map[int]rank{}, writerOf: map[event.Object]string{}}
	brought := map[event.Object]bool{}
	for n, object := range objects {
		brought[manifest.Ref(object)] = true
		if w, has := workloadOf(object); has {
			o.workloads[n] = w
		}
	}
	var missing []event.Object
	for n, w := range o.workloads {
		w.needs = slices.DeleteFunc(w.mounts(), func(ref event.Object) bool { return brought[ref] })
		missing = append(missing, w.needs...)
		if o.ranks[n] = others; w.inMesh() {
			o.ranks[n] = mesh
		}
	}
	if len(missing) == 0 {
		return o
	}
	grants := grantsIn(objects)
	for _, object := range missing {
		o.findWriters(grants, object)
	}
	return o
}

// findWriters finds the workloads that may write an object, which are not those
// that need it themselves.
func (o order) findWriters(grants []grant, object event.Object) {
	var names []string
	for n, w := range o.workloads {
		if !slices.Contains(w.needs, object) && slices.ContainsFunc(grants, func(g grant) bool { return g.lets(w, object) }) {
			o.ranks[n] = writers
			names = append(names, w.ref.Name)
		}
	}
	if len(names) == 1 {
		o.writerOf[object] = names[0]
	}
}

// needs returns what the pods of a workload need.
func (o order) needs(n int) []Need {
	w := o.workloads[n]
	if w == nil {
		return nil
	}
	var needs []Need
	for _, object := range w.needs {
		needs = append(needs, Need{object, o.writerOf[object]})
	}
	return needs
}

// of returns those of some indices that have a rank.
func (o order) of(rank rank, indices []int) []int {
	return slices.DeleteFunc(slices.Clone(indices), func(n int) bool { return o.workloads[n] == nil || o.ranks[n] != rank })
}

// sort puts the workloads with some indices in order; what has no pods comes
// last.
func (o order) sort(indices []int) []int {
	at := func(n int) rank {
		if rank, known := o.ranks[n]; known {
			return rank
		}
		return others
	}
	return slices.SortedStableFunc(slices.Values(indices), func(a, b int) int { return cmp.Compare(at(a), at(b)) })
}

// inMesh reports whether pods have Istio's proxy, or will have got it from one of
// its templates, or run on each node, as ztunnel and Istio's CNI plugin do.
func (w *workload) inMesh() bool {
	proxy := func(container corev1.Container) bool { return container.Name == "istio-proxy" }
	return w.kind == (schema.GroupKind{Group: "apps", Kind: "DaemonSet"}) ||
		w.metadata["inject.istio.io/templates"] != "" ||
		slices.ContainsFunc(slices.Concat(w.pod.InitContainers, w.pod.Containers), proxy)
}

// present reports whether nodes have nothing to pull for the pods of a workload,
// so that these ask for what others serve as soon as they are created. An image
// that istiod fills in is not known yet.
func (b batcher) present(n int) bool {
	pod := b.order.workloads[n].pod
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		if b.Present == nil || !b.Present(container.Image) {
			return false
		}
	}
	return true
}

// split makes batches of workloads: one of those that nothing stands in the way
// of, and others of new ones that need something or come behind others. Without
// new ones that need something, all of them are one batch.
func (b batcher) split(wave int, indices []int) []Batch {
	isNew := func(n int) bool { return b.New != nil && b.order.workloads[n] != nil && b.New(n) }
	start := Batch{Wave: wave, contents: workloads}
	holds := slices.ContainsFunc(indices, func(n int) bool { return isNew(n) && len(b.order.needs(n)) > 0 })
	var later []Batch
	at := map[string]int{}
	for _, n := range b.order.sort(indices) {
		batch := Batch{Wave: wave, contents: workloads, Last: b.order.ranks[n] == others}
		if holds && isNew(n) {
			batch.Needs = b.order.needs(n)
			batch.Behind = slices.DeleteFunc(slices.Clone(indices), func(m int) bool {
				return !isNew(m) || b.order.ranks[m] >= b.order.ranks[n] || b.order.ranks[m] == mesh && b.present(m)
			})
			if len(batch.Needs) > 0 && b.present(n) {
				batch.Ready = b.order.of(writers, indices)
			}
		}
		if !batch.Waits() {
			start.Objects = append(start.Objects, n)
			continue
		}
		key := fmt.Sprint(batch.Needs, batch.Behind, batch.Ready, batch.Last)
		if _, there := at[key]; !there {
			at[key] = len(later)
			later = append(later, batch)
		}
		later[at[key]].Objects = append(later[at[key]].Objects, n)
	}
	if len(start.Objects) == 0 {
		return later
	}
	return append([]Batch{start}, later...)
}
