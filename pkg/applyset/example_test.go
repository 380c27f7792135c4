package applyset_test

import (
	"fmt"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
)

// The ID follows from where the parent is. With the selector, kubectl lists
// the members, too.
func ExampleID() {
	id := applyset.ID(applyset.ParentName, "istio-system")
	fmt.Println(id)
	fmt.Println("kubectl get deployments -A -l", applyset.Selector(id))
	// Output:
	// applyset-ZDiFcYRlCJQhy5XXukVGiJybifbVX1orBF4iQVVFLHs-v1
	// kubectl get deployments -A -l applyset.kubernetes.io/part-of=applyset-ZDiFcYRlCJQhy5XXukVGiJybifbVX1orBF4iQVVFLHs-v1
}
