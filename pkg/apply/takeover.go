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
)

// takeOver makes us the manager of all fields of an object that somebody else
// owned, so that the apply that follows removes what the manifest does not
// have. Fields of controllers, and those of the status, stay theirs.
func (e *Engine) takeOver(ctx context.Context, target Target) error {
	const attempts = 5 // somebody may write in between
	var err error
	for range attempts {
		var live *metav1.PartialObjectMetadata
		live, err = e.metadata(target).Get(ctx, target.Ref.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return nil
		}
		if err != nil {
			break
		}
		former := sets.New[string]()
		entries := live.GetManagedFields()
		for i, entry := range entries {
			if entry.Manager == FieldManager || controllers[entry.Manager] || entry.Subresource != "" {
				continue
			}
			former.Insert(entry.Manager)
			entries[i].Operation = metav1.ManagedFieldsOperationUpdate // the only one that is merged
		}
		if former.Len() == 0 {
			return nil
		}
		var patch []byte
		if patch, err = csaupgrade.UpgradeManagedFieldsPatch(live, former, FieldManager); err != nil {
			break
		}
		// It holds the resourceVersion: sent twice, it does nothing twice.
		_, err = e.metadata(target).Patch(ctx, target.Ref.Name, types.JSONPatchType, patch, metav1.PatchOptions{})
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("cannot take over %s: %w", target.Ref, &oneLine{err})
	}
	return nil
}

func (e *Engine) metadata(target Target) metadata.ResourceInterface {
	return e.Metadata.Resource(target.Resource).Namespace(target.Ref.Namespace)
}
