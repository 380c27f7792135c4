package manifest_test

import (
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// Place needs to know which kinds live in namespaces.
func ExamplePlace() {
	content, err := decode.Decode("roles.yaml", []byte("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all, namespace: wrong}}\n---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: one}}"), true)
	if err != nil {
		log.Fatal(err)
	}
	scope := manifest.OfflineScope(content.Objects)
	if _, _, err := manifest.Place(content.Objects, scope, manifest.Namespace{Name: "shop"}, false); err != nil {
		log.Fatal(err)
	}
	for _, object := range content.Objects {
		fmt.Println(manifest.Ref(object.Unstructured))
	}
	// Output:
	// clusterrole all
	// role shop/one
}
