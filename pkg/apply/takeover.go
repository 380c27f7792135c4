package apply

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

// takeOver makes us the manager of all fields of an object that somebody else
// owned, so that the apply that follows removes what the manifest does not
// have. Fields of controllers, and those of the status, stay theirs; and so do
// the entries of a ConfigMap or Secret, which may be somebody's data.
func (e *Engine) takeOver(ctx context.Context, target Target) error {
	var err error // somebody may write in between
	for range attempts {
		var live *metav1.PartialObjectMetadata
		live, err = e.metadata(target).Get(ctx, target.Ref.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) || err == nil && live.UID != target.Live.GetUID() {
			return nil // which the apply will see
		}
		if err != nil {
			break
		}
		former := formerOwners(live, holdsData(target))
		if former.Len() == 0 {
			return nil
		}
		var patch []byte
		if patch, err = csaupgrade.UpgradeManagedFieldsPatch(live, former, managedfields.Manager); err != nil {
			break
		}
		// It holds the resourceVersion: sent twice, it does nothing twice.
		_, err = e.metadata(target).Patch(ctx, target.Ref.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		err = withoutValues(target, err)
		return &RefusalError{Source: target.Source, Ref: target.Ref, Message: "cannot take over its fields: " + (&oneLine{err}).Error(), Err: err}
	}
	return nil
}

// holdsData tells kinds whose entries may be somebody's.
func holdsData(target Target) bool {
	kind := target.groupKind()
	return kind.Group == "" && (kind.Kind == "ConfigMap" || kind.Kind == "Secret")
}

// formerOwners marks, in the managed fields of an object, what is to become
// ours, and gives the names of its managers: all that people and tools own, or
// only the metadata.
func formerOwners(live *metav1.PartialObjectMetadata, metadataOnly bool) sets.Set[string] {
	const moving = managedfields.Manager + "-moving"
	former := sets.New[string]()
	var entries []metav1.ManagedFieldsEntry
	for _, entry := range live.GetManagedFields() {
		if entry.Manager == managedfields.Manager || controllers[entry.Manager] || entry.Subresource != "" {
			entries = append(entries, entry)
			continue
		}
		if metadataOnly {
			moved, rest := splitMetadata(entry)
			if rest != nil {
				entries = append(entries, *rest)
			}
			if moved == nil {
				continue
			}
			entry = *moved
			entry.Manager = fmt.Sprintf("%s-%d", moving, len(entries))
		}
		former.Insert(entry.Manager)
		entry.Operation = metav1.ManagedFieldsOperationUpdate // the only one that is merged
		entries = append(entries, entry)
	}
	live.SetManagedFields(entries)
	return former
}

// splitMetadata returns an entry's fields of the metadata and the others; nil
// where there are none.
func splitMetadata(entry metav1.ManagedFieldsEntry) (metadata, others *metav1.ManagedFieldsEntry) {
	fields := managedfields.Of(entry)
	if fields.Empty() {
		return nil, &entry
	}
	with := func(fields *fieldpath.Set) *metav1.ManagedFieldsEntry {
		raw, err := fields.ToJSON()
		if err != nil || fields.Empty() {
			return nil
		}
		part := entry
		part.FieldsV1 = metav1.NewFieldsV1(string(raw))
		return &part
	}
	others = with(fields.RecursiveDifference(fieldpath.NewSet(fieldpath.MakePathOrDie("metadata"))))
	return with(fields.FilterIncludeMatches(fieldpath.MakePrefixMatcherOrDie("metadata"))), others
}

func (e *Engine) metadata(target Target) metadata.ResourceInterface {
	return e.Metadata.Resource(target.Resource).Namespace(target.Ref.Namespace)
}
