package schedule

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// Batch is what can be applied at once, as soon as the batches that it refers to
// are applied.
type Batch struct {
	// Wave is the index of the wave that its objects belong to.
	Wave int
	// Objects are indices of those that New was given.
	Objects []int
	// After are the indices of the phase's batches that come before this one.
	After []int
	// Needs is what has to exist before the pods of new workloads can start, Behind
	// are the indices of new workloads whose pods come first, and Ready those of
	// workloads that have to be ready.
	Needs         []Need
	Behind, Ready []int
	// Last is set where these workloads come after the mesh.
	Last bool

	contents contents
}

// Serves reports a batch that applies nothing: it is done when the CRDs, which are
// its objects and come with the only batch before it, are served.
func (b Batch) Serves() bool { return b.contents == served }

// Waits reports a batch of new workloads that need something or come behind others.
func (b Batch) Waits() bool { return len(b.Needs)+len(b.Behind) > 0 }

// Runs reports a batch of workloads.
func (b Batch) Runs() bool { return b.contents == workloads }

// String names the contents for logs.
func (b Batch) String() string { return b.contents.String() }

// contents says what the objects of a batch have in common for the order.
type contents int

// The contents, in an order in which they could follow one another.
const (
	namespaces contents = iota
	crds
	served
	identities
	// independent are configuration and Services, which refer to nothing.
	independent
	// dependent are judged by what they refer to when they are stored: a token
	// Secret is deleted when its ServiceAccount does not exist, and a binding is
	// refused to users who may not read its role.
	dependent
	workloads
	// custom are custom resources, whose CRDs may be in the manifest or not.
	custom
	// webhooks come last, so that they do not stand in the way of the workloads
	// that serve them.
	webhooks
)

func (c contents) String() string {
	return [...]string{
		namespaces:  "namespaces",
		crds:        "CRDs",
		served:      "nothing",
		identities:  "service accounts and roles",
		independent: "configuration and services",
		dependent:   "bindings and token secrets",
		workloads:   "workloads",
		custom:      "custom resources",
		webhooks:    "admission webhooks and API services",
	}[c]
}

// requirements are the contents that come before others.
var requirements = map[contents][]contents{
	crds:        {namespaces},
	served:      {crds},
	identities:  {namespaces},
	independent: {namespaces},
	dependent:   {namespaces, identities},
	workloads:   {namespaces, identities, independent, dependent},
	custom:      {namespaces, served, identities, independent, dependent},
	webhooks:    {namespaces, crds, identities, independent, dependent, workloads, custom},
}

// batcher cuts waves into batches.
type batcher struct {
	objects []*unstructured.Unstructured
	// defined are the kinds of the CRDs among the objects.
	defined map[schema.GroupKind]bool
	order   order
	Options
}

// batches returns those of the waves of a phase.
func (b batcher) batches(waves []wave) []Batch {
	var batches []Batch
	hook := map[int]bool{}
	for _, wave := range waves {
		hook[wave.number] = wave.position.before
		objects := map[contents][]int{}
		for _, object := range wave.objects {
			held := b.contentsOf(b.objects[object])
			objects[held] = append(objects[held], object)
		}
		objects[served] = objects[crds]
		for held := namespaces; held <= webhooks; held++ {
			switch {
			case len(objects[held]) == 0:
			case held == workloads:
				batches = append(batches, b.split(wave.number, objects[held])...)
			default:
				batches = append(batches, Batch{Wave: wave.number, contents: held, Objects: objects[held]})
			}
		}
	}
	for n := range batches {
		before := requirements[batches[n].contents]
		if hook[batches[n].Wave] {
			before = slices.Concat(before, []contents{served}) // a hook may use custom resources
		}
		for m := range batches {
			if slices.Contains(before, batches[m].contents) {
				batches[n].After = append(batches[n].After, m)
			}
		}
	}
	return batches
}

// contentsOf classifies an object. For users who may do everything, bindings do
// not depend on their roles: the server does not look at these
// (https://kubernetes.io/docs/reference/access-authn-authz/rbac, "Privilege
// escalation prevention and bootstrapping").
func (b batcher) contentsOf(object *unstructured.Unstructured) contents {
	kind := object.GroupVersionKind().GroupKind()
	if b.defined[kind] {
		return custom
	}
	switch GroupOf(kind) {
	case CRDs:
		if manifest.IsNamespace(object) {
			return namespaces
		}
		return crds
	case ServiceAccounts:
		return identities
	case Configuration:
		isBinding := kind.Group == "rbac.authorization.k8s.io"
		if isBinding && !b.Unrestricted || isTokenSecret(object) {
			return dependent
		}
		return independent
	case Workloads:
		if untyped.IsCustom(kind.Group) {
			return custom
		}
		return workloads
	}
	return webhooks
}

// definedBy returns the kinds that CRDs among the objects define.
func definedBy(objects []*unstructured.Unstructured) map[schema.GroupKind]bool {
	defined := map[schema.GroupKind]bool{}
	for _, object := range objects {
		if manifest.IsCRD(object) {
			kind, _ := untyped.DefinedBy(object)
			defined[kind] = true
		}
	}
	return defined
}

func isTokenSecret(object *unstructured.Unstructured) bool {
	kind, _, _ := unstructured.NestedString(object.Object, "type")
	return object.GetKind() == "Secret" && kind == "kubernetes.io/service-account-token"
}
