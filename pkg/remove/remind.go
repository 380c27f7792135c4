package remove

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

// overdue is how long a CRD may take to end before the API server is
// reminded of it, and from then on between one time and the next. It takes less
// than a second, if nothing is stored of its kind.
const overdue = 10 * time.Second

// reminded is the annotation that does it. It goes with the CRD.
const reminded = managedfields.Manager + "/reminded"

// remind changes the CRDs that only the API server's own finalizer
// holds, so that it looks at them again. Where a CRD was changed while
// the server ended it, by one of the server's own controllers for instance, it
// gives up and counts on being told of that change; what it hears of before its
// cache has it, or what concerns one condition only, it does not take for a
// change, and then nothing happens until its cache is gone through every five
// minutes (k8s.io/apiextensions-apiserver, pkg/controller/finalizer, sync and
// updateCustomResourceDefinition). A definition that waits for objects of its
// kind loses nothing by being looked at. Whoever may not change CRDs
// waits.
func (e *Engine) remind(ctx context.Context, left map[event.Object]*held) {
	var group sync.WaitGroup
	for ref, held := range left {
		if !(Stuck{Object: ref, Finalizers: held.finalizers}).EndsByItself() {
			continue
		}
		group.Go(func() {
			patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
				"uid":         held.target.UID, // another one of the name is not meant
				"annotations": map[string]string{reminded: time.Now().UTC().Format(time.RFC3339Nano)},
			}})
			if err != nil {
				return
			}
			resource := e.Metadata.Resource(held.target.Resource).Namespace(ref.Namespace)
			_, _ = resource.Patch(ctx, ref.Name, types.MergePatchType, patch, metav1.PatchOptions{})
		})
	}
	group.Wait()
}
