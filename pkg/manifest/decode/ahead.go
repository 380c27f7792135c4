package decode

import (
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// ahead is a document as it was read before those in front of it.
type ahead struct {
	values []value
	err    error
}

// readAhead reads documents side by side, each as if those before it had one
// value: parsing is most of what reading a manifest takes. What is wrong with
// one is told when its turn comes.
func readAhead(file string, documents []document) []ahead {
	all := make([]ahead, len(documents))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for n, doc := range documents {
		group.Go(func() error {
			all[n].values, all[n].err = doc.values(manifest.Source{File: file, Document: n + 1})
			for i := range all[n].values {
				value := &all[n].values[i]
				if _, second := boundary(value.repeated); second || string(value.raw) == "null" {
					continue
				}
				objects, err := fromJSON(value.source, value.raw)
				value.made = func() ([]manifest.Object, error) { return objects, err }
			}
			return nil
		})
	}
	_ = group.Wait() // none fails: each error is kept with its document
	return all
}
