package manifest

import (
	"fmt"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// Images returns what the pods of a manifest would pull, sorted.
func (m Manifest) Images() []string {
	images := slices.Clone(m.Injected)
	for _, object := range m.Objects {
		images = append(images, podImages(object)...)
	}
	slices.Sort(images)
	return slices.Compact(images)
}

// reference is what a reference to an image consists of
// (https://pkg.go.dev/github.com/distribution/reference), and no script takes
// for anything else.
var imageReference = regexp.MustCompile(`^(?:\[[0-9A-Fa-f:.]+\](?::[0-9]+)?/)?[A-Za-z0-9][A-Za-z0-9._:/@+-]*$`)

// CheckImages refuses, with an *InputError that says where it is written, what
// cannot be a reference to an image.
func (m Manifest) CheckImages() error {
	for _, object := range m.Objects {
		for _, image := range podImages(object) {
			if !imageReference.MatchString(image) {
				return &InputError{fmt.Errorf("%s: %s: invalid image reference %+.64q; fix it", object.Source, Ref(object.Unstructured), image)}
			}
		}
	}
	for _, image := range m.Injected {
		if !imageReference.MatchString(image) {
			return &InputError{fmt.Errorf("invalid image reference %+.64q; fix the value that sets it", image)}
		}
	}
	return nil
}

// podImages returns the images of a workload of any kind, wherever it keeps its
// pods. Pods of gateways whose image istiod fills in have none of their own.
func podImages(object Object) []string {
	var images []string
	for _, path := range untyped.PodSpecs() {
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
