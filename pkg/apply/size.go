package apply

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// StoredSize returns how many bytes an object has at least where it is stored. The
// server stores CRDs and custom resources as JSON, and its own kinds as protobuf,
// which has no names of fields.
func StoredSize(object *unstructured.Unstructured) int {
	return sizeOf(object.Object, isCRD(object) || untyped.IsCustom(object.GroupVersionKind().Group))
}

func sizeOf(value any, json bool) int {
	names, marks := 0, 0
	if json {
		names, marks = 1, 2
	}
	switch value := value.(type) {
	case string:
		return len(value) + marks
	case map[string]any:
		total := marks
		for key, below := range value {
			total += names*(len(key)+len(`"":`)) + sizeOf(below, json)
		}
		return total
	case []any:
		total := marks
		for _, below := range value {
			total += sizeOf(below, json)
		}
		return total
	}
	return 1
}

// tooLarge reports whether the server, or etcd behind it, refuses an object for its
// size. etcd has no reason for that, but words.
func tooLarge(err error) bool {
	for _, words := range []string{"etcdserver: request is too large", "trying to send message larger than max", "Request entity too large"} {
		if strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

// larger says so of an object.
func larger(object *unstructured.Unstructured) string {
	return fmt.Sprintf("too large for etcd: it has %.1f MiB, and etcd stores at most 1.5 MiB unless it is configured otherwise", float64(StoredSize(object))/(1<<20))
}
