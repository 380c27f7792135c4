package apiupgrade_test

import (
	"errors"
	"fmt"
	"log"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
)

// object reads one from YAML.
func object(text string) *unstructured.Unstructured {
	read := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(text), &read.Object); err != nil {
		log.Fatal(err)
	}
	return read
}

// A Deployment of 2016 means the same today: it selects the pods that it made
// then, and keeps the defaults that have changed since.
func ExampleUpgrade() {
	served, err := apiupgrade.Release("1.37")
	if err != nil {
		log.Fatal(err)
	}
	upgraded, change, err := apiupgrade.Upgrade(object(`
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: shop}]}
`), served)
	if err != nil {
		log.Fatal(err)
	}
	text, err := yaml.Marshal(upgraded.Object)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(text))
	fmt.Println(change.From.GroupVersion(), "->", change.To.GroupVersion())
	for _, note := range change.Notes {
		fmt.Println("-", note)
	}
	// Output:
	// apiVersion: apps/v1
	// kind: Deployment
	// metadata:
	//   labels:
	//     app: shop
	//   name: shop
	// spec:
	//   progressDeadlineSeconds: 2147483647
	//   revisionHistoryLimit: 2147483647
	//   selector:
	//     matchLabels:
	//       app: shop
	//   strategy:
	//     rollingUpdate:
	//       maxSurge: 1
	//       maxUnavailable: 1
	//   template:
	//     metadata:
	//       labels:
	//         app: shop
	//     spec:
	//       containers:
	//       - image: shop
	//         name: shop
	// extensions/v1beta1 -> apps/v1
	// - spec.selector is set from the template's labels
	// - metadata.labels are set from the template's labels
	// - defaults of extensions/v1beta1 are set explicitly: spec.strategy.rollingUpdate.maxUnavailable: 1, spec.strategy.rollingUpdate.maxSurge: 1, spec.progressDeadlineSeconds: 2147483647, spec.revisionHistoryLimit: 2147483647
}

// Of some kinds nothing is left.
func ExampleUnsupportedError() {
	served, err := apiupgrade.Release("1.37")
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = apiupgrade.Upgrade(object("{apiVersion: policy/v1beta1, kind: PodSecurityPolicy, metadata: {name: restricted}}"), served)
	var unsupported *apiupgrade.UnsupportedError
	if errors.As(err, &unsupported) {
		fmt.Println(unsupported.Kind.Kind, "was removed in", unsupported.Removed)
		fmt.Println(unsupported.Remedy)
	}
	// Output:
	// PodSecurityPolicy was removed in 1.25
	// label the namespaces for Pod Security Admission instead (pod-security.kubernetes.io/enforce)
}
