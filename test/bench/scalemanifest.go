package main

import (
	"fmt"
	"strings"
)

// scaleNamespaces is over how many namespaces many objects are spread.
const scaleNamespaces = 50

// scaleKinds are the objects of a namespace, over and over, but for the
// workloads. The Services are headless, since a control plane's range of
// addresses has room for few.
var scaleKinds = []string{
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: %s}\ndata: {colour: blue, size: large}\n",
	"apiVersion: v1\nkind: Service\nmetadata: {name: %s, namespace: %s}\nspec: {clusterIP: None, selector: {app: shop}, ports: [{name: http, port: 80, targetPort: 8080}]}\n",
	"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, namespace: %s}\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: %s, namespace: %s}\nrules: [{apiGroups: [\"\"], resources: [pods], verbs: [get, list, watch]}]\n",
}

// scaleDeployment has no replica or one.
const scaleDeployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: %s}
spec:
  replicas: %d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: web, image: registry.example.com/web:1}]}
`

// workloadsEvery is how many objects come between one Deployment and the next.
const workloadsEvery = 40

// scaleManifest makes a manifest of so many objects, the namespaces included.
func scaleManifest(objects int) string {
	var documents []string
	for i := range scaleNamespaces {
		documents = append(documents, fmt.Sprintf("apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n", scaleNamespace(i)))
	}
	for i := range objects - scaleNamespaces {
		name, namespace := fmt.Sprintf("shop-%d", i), scaleNamespace(i)
		if i%workloadsEvery == 0 {
			documents = append(documents, fmt.Sprintf(scaleDeployment, name, namespace, i/workloadsEvery%2))
			continue
		}
		// Each namespace gets all of the kinds in turn.
		kind := scaleKinds[(i/scaleNamespaces+i)%len(scaleKinds)]
		documents = append(documents, fmt.Sprintf(kind, name, namespace))
	}
	return strings.Join(documents, "---\n")
}

func scaleNamespace(i int) string { return fmt.Sprintf("team-%02d", i%scaleNamespaces) }
