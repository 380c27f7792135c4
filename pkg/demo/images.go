package demo

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// Images gives what the pods of a manifest would pull, sorted.
func (m Manifest) Images() []string {
	images := slices.Clone(m.Injected)
	for _, object := range m.Objects {
		images = append(images, podImages(object)...)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// podImages gives the images of a workload of any kind, wherever it keeps its
// pods. Pods of gateways whose image istiod fills in have none of their own.
func podImages(object manifest.Object) []string {
	var images []string
	for _, path := range [][]string{
		{"spec"},                     // Pod
		{"spec", "template", "spec"}, // Deployment and the like
		{"spec", "jobTemplate", "spec", "template", "spec"}, // CronJob
	} {
		for _, list := range []string{"initContainers", "containers"} {
			containers, _, err := unstructured.NestedSlice(object.Object, append(slices.Clone(path), list)...)
			if err != nil {
				continue // the server refuses it
			}
			for _, container := range containers {
				fields, _ := container.(map[string]any)
				image, _ := fields["image"].(string)
				if image != "" && image != "auto" {
					images = append(images, image)
				}
			}
		}
	}
	return images
}
