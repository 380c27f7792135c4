package demo

import (
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/inventory"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
)

// uses gathers objects by where they live, which is what permissions are asked
// for, in the order of the first of each place.
type uses struct {
	order   []usePlace
	objects map[usePlace][]preflight.Object
}

type usePlace struct {
	resource  schema.GroupVersionResource
	namespace string
}

func (u *uses) add(resource schema.GroupVersionResource, namespace string, object preflight.Object) {
	at := usePlace{resource, namespace}
	if u.objects == nil {
		u.objects = map[usePlace][]preflight.Object{}
	}
	if u.objects[at] == nil {
		u.order = append(u.order, at)
	}
	u.objects[at] = append(u.objects[at], object)
}

func (u *uses) all() []preflight.Use {
	var all []preflight.Use
	for _, at := range u.order {
		all = append(all, preflight.Use{Resource: at.resource, Namespace: at.namespace, Objects: u.objects[at]})
	}
	return all
}

// usesOfTargets gathers what an install writes. A namespace that is left alone
// if it exists is none of that; the inventory is, whatever the manifest has.
func usesOfTargets(targets []apply.Target, book *ledger) *uses {
	gathered := &uses{}
	gathered.add(schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, book.parent.Namespace, preflight.Object{Name: book.parent.Name})
	for _, target := range targets {
		if !target.IfAbsent {
			gathered.add(target.Resource, target.Ref.Namespace, preflight.Object{Name: target.Ref.Name, Labels: target.Object.GetLabels()})
		}
	}
	return gathered
}

// usesOf gathers objects of the cluster.
func usesOf(objects []inventory.Object) *uses {
	gathered := &uses{}
	for _, object := range objects {
		gathered.add(object.Resource, object.Ref.Namespace, preflight.Object{Name: object.Ref.Name})
	}
	return gathered
}
