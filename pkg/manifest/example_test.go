package manifest_test

import (
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

const shop = `apiVersion: v1
kind: Service
metadata:
  name: shop
  name: store
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: prices
`

// Each object knows where it was written.
func ExampleDecode() {
	content, err := manifest.Decode("shop.yaml", []byte(shop), true)
	if err != nil {
		log.Fatal(err)
	}
	for _, object := range content.Objects {
		fmt.Printf("%s: %s\n", object.Source, manifest.Ref(object.Unstructured))
	}
	for _, warning := range content.Warnings {
		fmt.Println("warning:", warning)
	}
	// Output:
	// shop.yaml, document 1 (line 1): service store
	// shop.yaml, document 2 (line 7): configmap prices
	// warning: shop.yaml, document 1 (line 5): service store: metadata.name is written twice; the last one counts
}

// A missing separator is where kubectl loses an object in silence.
func ExampleDecode_strict() {
	const unseparated = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
	_, err := manifest.Decode("two.yaml", []byte(unseparated), true)
	fmt.Println(err)
	content, err := manifest.Decode("two.yaml", []byte(unseparated), false)
	fmt.Println(len(content.Objects), "objects,", len(content.Warnings), "warning,", err)
	// Output:
	// two.yaml, document 1 (line 4): configmap b begins here, in the same document as configmap a; separate them with --- above this line, or have them read as two with --strict=false
	// 2 objects, 1 warning, <nil>
}

// Place needs to know which kinds live in namespaces.
func ExamplePlace() {
	content, err := manifest.Decode("roles.yaml", []byte("{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: all, namespace: wrong}}\n---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: one}}"), true)
	if err != nil {
		log.Fatal(err)
	}
	scope := manifest.OfflineScope(content.Objects)
	if err := manifest.Place(content.Objects, scope, manifest.Namespace{Name: "shop"}); err != nil {
		log.Fatal(err)
	}
	for _, object := range content.Objects {
		fmt.Println(manifest.Ref(object.Unstructured))
	}
	// Output:
	// clusterrole all
	// role shop/one
}
