package decode_test

import (
	"fmt"
	"log"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
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
	content, err := decode.Decode("shop.yaml", []byte(shop), true)
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
	// warning: shop.yaml, document 1 (line 5): service store: metadata.name is set twice; the last one wins
}

// A missing separator is where kubectl loses an object in silence.
func ExampleDecode_strict() {
	const unseparated = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"
	_, err := decode.Decode("two.yaml", []byte(unseparated), true)
	fmt.Println(err)
	content, err := decode.Decode("two.yaml", []byte(unseparated), false)
	fmt.Println(len(content.Objects), "objects,", len(content.Warnings), "warning,", err)
	// Output:
	// two.yaml, document 1 (line 4): configmap b starts here, in the same document as configmap a; separate them with --- above this line, or read them as two objects with --strict=false
	// 2 objects, 1 warning, <nil>
}
