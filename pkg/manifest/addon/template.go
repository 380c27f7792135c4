package addon

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// checksum is the annotation by which pods are made anew when what they read
// changes: they read it when they start, and never again.
const checksum = "istio-demo/config-checksum"

// page is what an addon's templates see.
type page struct {
	Name, Namespace, Image string
	// Has tells which addons are rendered with it.
	Has map[string]bool
}

// Selector returns the labels by which Services and Deployments find the pods:
// the name alone is one that pods of others may have, too.
func (p page) Selector() (string, error) { return inline(p.selector()) }

// Labels returns the labels of every object.
func (p page) Labels() (string, error) { return inline(p.labels()) }

// PodLabels returns the labels of the pods. istioctl dashboard looks for some of
// the addons by app and for others by app.kubernetes.io/name.
func (p page) PodLabels() (string, error) {
	labels := p.labels()
	labels["app"] = p.Name
	// They are watched from outside of the mesh, or would watch themselves.
	labels["sidecar.istio.io/inject"] = "false"
	return inline(labels)
}

func (p page) selector() map[string]string {
	return map[string]string{"app.kubernetes.io/name": p.Name, "app.kubernetes.io/part-of": "istio-demo"}
}

func (p page) labels() map[string]string {
	labels := p.selector()
	// As on the objects of Istio's charts.
	labels["app.kubernetes.io/managed-by"] = managedfields.Manager
	return labels
}

// render returns the objects of one addon.
func render(name string, options Options) ([]manifest.Object, error) {
	folder, err := fs.Sub(sources, name)
	if err != nil {
		return nil, err
	}
	text, err := execute(folder, "objects.yaml", page{name, options.Namespace, images[name].from(options.Hub), has(options.Names)})
	if err != nil {
		return nil, err
	}
	content, err := decode.Decode(path.Join("addon", name), []byte(text), true)
	if err != nil {
		return nil, err
	}
	return content.Objects, stamp(content.Objects)
}

func has(names []string) map[string]bool {
	set := map[string]bool{}
	for _, name := range Names() {
		set[name] = slices.Contains(names, name)
	}
	return set
}

// execute renders a template of an addon's folder.
func execute(folder fs.FS, name string, data page) (string, error) {
	parsed, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{
		"files":             func(patterns ...string) (string, error) { return files(folder, patterns) },
		"rendered":          func(name string) (string, error) { return rendered(folder, name, data) },
		"podSecurity":       podSecurity,
		"containerSecurity": containerSecurity,
	}).ParseFS(folder, name)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	if err := parsed.Execute(&text, data); err != nil {
		return "", err
	}
	return text.String(), nil
}

// files returns the data of a ConfigMap: files as they are.
func files(folder fs.FS, patterns []string) (string, error) {
	data := map[string]string{}
	for _, pattern := range patterns {
		found, err := fs.Glob(folder, pattern)
		if err != nil {
			return "", err
		}
		if len(found) == 0 {
			return "", fmt.Errorf("no file named %s", pattern)
		}
		for _, file := range found {
			content, err := fs.ReadFile(folder, file)
			if err != nil {
				return "", err
			}
			data[path.Base(file)] = string(content)
		}
	}
	return inline(data)
}

// rendered returns the data of a ConfigMap: a file that is a template itself.
func rendered(folder fs.FS, name string, data page) (string, error) {
	text, err := execute(folder, name, data)
	if err != nil {
		return "", err
	}
	return inline(map[string]string{name: text})
}

// podSecurity returns the security context of a pod. The image's user is given
// as a number, since the kubelet cannot tell of a name that it is not root;
// the group owns the volumes.
func podSecurity(user int64) (string, error) {
	return inline(map[string]any{
		"runAsNonRoot":   true,
		"runAsUser":      user,
		"runAsGroup":     user,
		"fsGroup":        user,
		"seccompProfile": map[string]any{"type": "RuntimeDefault"},
	})
}

// containerSecurity returns that of a container. With it the pods are admitted
// where the Pod Security Standard "restricted" is enforced.
func containerSecurity() (string, error) {
	return inline(map[string]any{
		"allowPrivilegeEscalation": false,
		"capabilities":             map[string]any{"drop": []string{"ALL"}},
		"readOnlyRootFilesystem":   true,
	})
}

// inline returns a value as JSON, which is YAML in one line.
func inline(value any) (string, error) {
	text, err := json.Marshal(value)
	return string(text), err
}

// stamp writes the checksum of an addon's configuration onto its pods.
func stamp(objects []manifest.Object) error {
	sum := sha256.New()
	for _, object := range objects {
		if object.GetKind() != "ConfigMap" {
			continue
		}
		// Maps are marshalled in the order of their keys.
		if err := json.NewEncoder(sum).Encode(object.Object["data"]); err != nil {
			return err
		}
	}
	value := hex.EncodeToString(sum.Sum(nil))
	for _, object := range objects {
		if object.GetKind() != "Deployment" {
			continue
		}
		if err := unstructured.SetNestedField(object.Object, value, "spec", "template", "metadata", "annotations", checksum); err != nil {
			return err
		}
	}
	return nil
}
