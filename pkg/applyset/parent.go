// Package applyset owns the inventory of an installation: what belongs to it, and
// to whom an object belongs.
//
// The inventory is an ApplySet of KEP-3659, which kubectl reads and writes, too: a
// parent ConfigMap names the kinds and namespaces of the members, and each member
// carries the parent's ID as a label. Beyond the KEP the parent lists the members,
// so that one that is gone is missed.
// https://git.k8s.io/enhancements/keps/sig-cli/3659-kubectl-apply-prune
package applyset

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

const (
	// ParentName is the name of the demo's parent, a ConfigMap in its namespace.
	ParentName = "istio-demo"
	// PartOf is the label of a member; its value is the ID of the parent.
	PartOf = "applyset.kubernetes.io/part-of"
	// IDLabel is the label of a parent; its value is the parent's ID.
	IDLabel = "applyset.kubernetes.io/id"
	// ToolingAnnotation names who may change a set, as NAME/VERSION.
	ToolingAnnotation = "applyset.kubernetes.io/tooling"
	// ToolName is the name under which this program may.
	ToolName = managedfields.Manager

	kindsAnnotation      = "applyset.kubernetes.io/contains-group-kinds"
	namespacesAnnotation = "applyset.kubernetes.io/additional-namespaces"
	// tooling has the version of the inventory's form, not the program's: an
	// install by another program version must find nothing to change.
	tooling = ToolName + "/v1"
	// sourceKey is where the parent says what was installed, settingsKey with which
	// settings, and membersKey which objects that are.
	sourceKey   = "source"
	settingsKey = "settings"
	membersKey  = "members.json.gz"
)

// ID returns the ID of the set whose parent has a name in a namespace, by the
// rule of KEP-3659: base64(sha256(<name>.<namespace>.<kind>.<group>)).
func ID(name, namespace string) string {
	sum := sha256.Sum256([]byte(name + "." + namespace + ".ConfigMap."))
	return "applyset-" + base64.RawURLEncoding.EncodeToString(sum[:]) + "-v1"
}

// Record is what a parent says of its members: where they may be found. There
// can be none in some of these places, but there are none anywhere else.
type Record struct {
	// Source names for people what was installed.
	Source string
	// Settings are what the user has said of it, as manifest.Settings encodes them;
	// empty where nobody knows.
	Settings   string
	Kinds      []schema.GroupKind
	Namespaces []string
	// Objects are the members that have to exist: not what ends by itself. They
	// are empty where an older version has written the parent, and nobody knows.
	Objects []event.Object
}

// Union returns a set that covers both, with the source and settings of s.
func (s Record) Union(other Record) Record {
	return normal(Record{
		Source:     s.Source,
		Settings:   s.Settings,
		Kinds:      slices.Concat(s.Kinds, other.Kinds),
		Namespaces: slices.Concat(s.Namespaces, other.Namespaces),
		Objects:    slices.Concat(s.Objects, other.Objects),
	})
}

// Covers reports whether all of the other set's members can be found by s.
func (s Record) Covers(other Record) bool {
	missing := func(kind schema.GroupKind) bool { return !slices.Contains(s.Kinds, kind) }
	elsewhere := func(namespace string) bool { return !slices.Contains(s.Namespaces, namespace) }
	other = normal(other)
	return !slices.ContainsFunc(other.Kinds, missing) && !slices.ContainsFunc(other.Namespaces, elsewhere)
}

// normal sorts and leaves out what is there twice.
func normal(s Record) Record {
	s.Kinds = slices.Clone(s.Kinds)
	slices.SortFunc(s.Kinds, func(a, b schema.GroupKind) int { return strings.Compare(a.String(), b.String()) })
	s.Kinds = slices.Compact(s.Kinds)
	namespaces := map[string]bool{}
	for _, namespace := range s.Namespaces {
		// What is no name would become part of a path.
		if len(validation.IsDNS1123Label(namespace)) == 0 {
			namespaces[namespace] = true
		}
	}
	s.Namespaces = slices.Sorted(maps.Keys(namespaces))
	s.Objects = slices.DeleteFunc(slices.Clone(s.Objects), func(object event.Object) bool { return !isReference(object) })
	slices.SortFunc(s.Objects, compare)
	s.Objects = slices.Compact(s.Objects)
	return s
}

// ForeignError says that an object with the parent's name is not ours.
type ForeignError struct {
	Name, Namespace string
	// Tooling is what the object says of its owner, empty if it says nothing.
	Tooling string
}

func (e *ForeignError) Error() string {
	name := "configmap " + e.Namespace + "/" + e.Name
	remedy := "rename or delete it, or choose another namespace with -n"
	if e.Tooling == "" {
		return fmt.Sprintf("%s already exists and is not an inventory of this plugin; %s", name, remedy)
	}
	return fmt.Sprintf("%s is the inventory of another tool, %s; %s", name, e.Tooling, remedy)
}

// Parent is the object that holds a set. It is used by one goroutine.
type Parent struct {
	Client typedcorev1.ConfigMapsGetter
	// Name is the object's: several sets may have their parents in a namespace,
	// and know nothing of each other.
	Name string
	// Namespace is where most of the members live.
	Namespace string

	// stored is what the cluster has, as far as is known here; uid tells which
	// object has it, and version since when.
	stored  *Record
	uid     types.UID
	version string
}

// ErrChanged says that somebody else has changed the inventory since it was
// read: another install or uninstall is running.
var ErrChanged = errors.New("another install or uninstall is running in this namespace; wait for it to finish, then rerun the same command")

// Read returns the set; found is false where there is no parent. The error is a
// ForeignError where the parent is not ours, or the API server's.
func (p *Parent) Read(ctx context.Context) (set Record, found bool, err error) {
	object, err := p.Client.ConfigMaps(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return Record{}, false, nil
	}
	if err != nil {
		return Record{}, false, fmt.Errorf("cannot read the inventory, configmap %s/%s: %w", p.Namespace, p.Name, err)
	}
	set, err = parse(object)
	if err == nil {
		p.seen(set, object)
	}
	return set, err == nil, err
}

// parse reads a set from its parent.
func parse(object *corev1.ConfigMap) (Record, error) {
	owner := object.Annotations[ToolingAnnotation]
	if name, _, _ := strings.Cut(owner, "/"); name != ToolName || object.Labels[IDLabel] != ID(object.Name, object.Namespace) {
		return Record{}, &ForeignError{Name: object.Name, Namespace: object.Namespace, Tooling: owner}
	}
	set := Record{Source: object.Data[sourceKey], Settings: object.Data[settingsKey], Namespaces: []string{object.Namespace}}
	set.Namespaces = append(set.Namespaces, parseList(object.Annotations[namespacesAnnotation])...)
	for _, name := range parseList(object.Annotations[kindsAnnotation]) {
		kind := schema.ParseGroupKind(name)
		kind.Kind, kind.Group = strings.TrimSpace(kind.Kind), strings.TrimSpace(kind.Group)
		if kind.Kind != "" {
			set.Kinds = append(set.Kinds, kind)
		}
	}
	set.Objects = decodeMembers(object.BinaryData[membersKey])
	return normal(set), nil
}

// parseList reads a list as people write it by hand, with spaces.
func parseList(text string) []string {
	names := strings.Split(text, ",")
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

func (p *Parent) seen(set Record, object *corev1.ConfigMap) {
	p.stored, p.uid, p.version = &set, object.UID, object.ResourceVersion
}

// createOnly is a resourceVersion that no object has, since etcd gives its first
// write the second one: an apply with it creates what is absent, and is a
// conflict where there is something (k8s.io/apiserver,
// pkg/registry/generic/registry/store.go, Update).
const createOnly = "1"

// Write stores a set, with one request, or none where it is stored already. Its
// writer owns all of the parent's fields, and takes them back from whoever
// changed them. Its errors are ErrChanged, for errors.Is, where the parent is
// not the one that was read, or where there is one by now that was not there, and
// those of the API server.
func (p *Parent) Write(ctx context.Context, set Record) error {
	set = normal(set)
	if p.stored != nil && equal(*p.stored, set) {
		return nil
	}
	parent := p.object(set)
	parent.ResourceVersion = cmp.Or(p.version, createOnly)
	body, err := json.Marshal(parent)
	if err != nil {
		return err
	}
	force := true
	object, err := p.Client.ConfigMaps(p.Namespace).Patch(ctx, p.Name, types.ApplyPatchType, body,
		metav1.PatchOptions{FieldManager: ToolName + "-applyset", Force: &force})
	if apierrors.IsConflict(err) {
		// An answer that was lost has this effect, too.
		now, found, readErr := p.Read(ctx)
		if readErr == nil && found && equal(now, set) {
			return nil
		}
		err = errors.Join(readErr, ErrChanged)
	}
	if err != nil {
		return fmt.Errorf("cannot write the inventory, configmap %s/%s: %w", p.Namespace, p.Name, err)
	}
	p.seen(set, object)
	return nil
}

func equal(a, b Record) bool {
	return a.Source == b.Source && a.Settings == b.Settings && slices.Equal(a.Kinds, b.Kinds) && slices.Equal(a.Namespaces, b.Namespaces) &&
		slices.Equal(a.Objects, b.Objects)
}

// Delete deletes the parent, if it is still what was read or written; without one
// it does nothing. The error is ErrChanged, for errors.Is, where somebody else
// has written it since, or the API server's.
func (p *Parent) Delete(ctx context.Context) error {
	const attempts = 3 // it may be labelled meanwhile, which is no change
	for range attempts {
		if p.stored == nil {
			return nil
		}
		was, uid := *p.stored, p.uid
		err := p.Client.ConfigMaps(p.Namespace).Delete(ctx, p.Name, metav1.DeleteOptions{
			Preconditions: &metav1.Preconditions{UID: &uid, ResourceVersion: &p.version},
		})
		if err == nil || apierrors.IsNotFound(err) {
			return nil
		}
		if !apierrors.IsConflict(err) {
			return fmt.Errorf("cannot delete the inventory, configmap %s/%s: %w", p.Namespace, p.Name, err)
		}
		now, found, err := p.Read(ctx)
		if err != nil || !found {
			return err
		}
		if p.uid != uid || !equal(now, was) {
			break
		}
	}
	return fmt.Errorf("cannot delete the inventory, configmap %s/%s: %w", p.Namespace, p.Name, ErrChanged)
}
