package install

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// TestDiffReadsLeftoversAtOnce has a server that answers only when several of
// them are asked for.
func TestDiffReadsLeftoversAtOnce(t *testing.T) {
	for _, leftovers := range []int{1, 3, 40} {
		t.Run(fmt.Sprint(leftovers), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				names := []string{"kept"}
				for n := range leftovers {
					names = append(names, fmt.Sprintf("left-%02d", n))
				}
				ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cluster.ErrTimeout)
				defer cancel()
				cluster := &inmemory.Store{}
				home := manifest.Namespace{Name: "mesh"}
				install := &Install{Read: configMaps(t, names...), Cluster: connect(t, cluster.Answer), Namespace: home, Skip: skipAll()}
				if _, err := install.Run(ctx); err != nil {
					t.Fatal(err)
				}
				var mutex sync.Mutex
				waiting, most := 0, 0
				enough := make(chan struct{})
				answer := sync.OnceFunc(func() { close(enough) })
				holding := inmemory.Server(func(request *http.Request) any {
					if request.Method == http.MethodGet && strings.HasPrefix(inmemory.Last(request), "left-") {
						mutex.Lock()
						waiting++
						most = max(most, waiting)
						if waiting >= min(leftovers, 8) {
							answer()
						}
						mutex.Unlock()
						select {
						case <-enough:
						case <-request.Context().Done():
						}
						mutex.Lock()
						waiting--
						mutex.Unlock()
					}
					return cluster.Answer(request)
				})
				diff := &Install{Read: configMaps(t, "kept"), Cluster: connect(t, holding), Namespace: home, Prune: true}
				differences, err := diff.Diff(ctx)
				var left []string
				for _, one := range differences {
					left = append(left, one.Ref.Name)
				}
				if err != nil || !slices.Equal(left, names[1:]) {
					t.Errorf("%v, left are %v", err, left)
				}
				if most > uninstall.Surveyed {
					t.Errorf("%d requests came at once", most)
				}
			})
		})
	}
}
