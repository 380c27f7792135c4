package install

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/metadata"
)

// readOnce gives a client that reads each namespace once until the context
// ends, however many ask for it, and everything else as the given one does: the
// checks and what is to be applied look at the same namespaces at the same time.
// What it gives is shared and not to be changed.
func readOnce(ctx context.Context, client metadata.Interface) metadata.Interface {
	return &namespacesOnce{Interface: client, ctx: ctx, read: map[string]func() (*metav1.PartialObjectMetadata, error){}}
}

type namespacesOnce struct {
	metadata.Interface
	// ctx is that of all who ask: when the one who came first gives up, the
	// others still wait for the answer.
	ctx   context.Context
	mutex sync.Mutex
	read  map[string]func() (*metav1.PartialObjectMetadata, error)
}

func (n *namespacesOnce) Resource(resource schema.GroupVersionResource) metadata.Getter {
	getter := n.Interface.Resource(resource)
	if resource != corev1.SchemeGroupVersion.WithResource("namespaces") {
		return getter
	}
	return namespaceGetter{getter, n}
}

type namespaceGetter struct {
	metadata.Getter
	once *namespacesOnce
}

// Namespace changes nothing: namespaces are in none.
func (g namespaceGetter) Namespace(string) metadata.ResourceInterface { return g }

func (g namespaceGetter) Get(_ context.Context, name string, options metav1.GetOptions, subresources ...string) (*metav1.PartialObjectMetadata, error) {
	g.once.mutex.Lock()
	read := g.once.read[name]
	if read == nil {
		read = sync.OnceValues(func() (*metav1.PartialObjectMetadata, error) {
			return g.Getter.Get(g.once.ctx, name, options, subresources...)
		})
		g.once.read[name] = read
	}
	g.once.mutex.Unlock()
	return read()
}
