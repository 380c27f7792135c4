package chart

import (
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"istio.io/istio/manifests"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

// templatedCRDs gives what the base chart's own template makes of the CRDs:
// the chart is loaded whole, and rendered by Helm.
func templatedCRDs(t *testing.T, values map[string]any) []manifest.Object {
	t.Helper()
	const root = "charts/base/"
	var files []*archive.BufferedFile
	for _, folder := range []string{"", "files/", "templates/"} {
		entries, err := fs.ReadDir(manifests.FS, strings.TrimSuffix(root+folder, "/"))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			if entry.IsDir() {
				continue
			}
			data, err := fs.ReadFile(manifests.FS, root+folder+entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, &archive.BufferedFile{Name: folder + entry.Name(), Data: data})
		}
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	// As the release build does.
	loaded.Metadata.Version, loaded.Metadata.AppVersion = Version, Version
	var kept []*common.File
	for _, template := range loaded.Templates {
		if template.Name == "templates/crds.yaml" || isShared(template.Name) {
			kept = append(kept, template)
		}
	}
	loaded.Templates = kept
	rendered, err := render(loaded, "istio-system", values)
	if err != nil {
		t.Fatal(err)
	}
	text, found := rendered["base/templates/crds.yaml"]
	if !found {
		t.Fatal("the chart has no template crds.yaml any more")
	}
	content, err := decode.Decode("template", []byte(text), true)
	if err != nil {
		t.Fatal(err)
	}
	return content.Objects
}

// TestCRDs has the real template say what our shortcut must give.
func TestCRDs(t *testing.T) {
	for _, test := range []struct {
		name, assignment string
		want             int
	}{
		{"default", "pilot.traceSampling=7", 15},
		{"cluster, excluded", "global.resourceScope=cluster,base.excludedCRDs={envoyfilters.networking.istio.io,none.istio.io}", 14},
		{"as they are, excluded", "base.enableCRDTemplates=false,base.excludedCRDs={envoyfilters.networking.istio.io}", 15},
		{"namespace", "global.resourceScope=namespace", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			values, err := demoValues(Options{Namespace: "istio-system", Values: set(t, test.assignment)})
			if err != nil {
				t.Fatal(err)
			}
			got, err := crds(values)
			if err != nil {
				t.Fatal(err)
			}
			want := templatedCRDs(t, values)
			if len(got) != test.want || len(want) != test.want {
				t.Fatalf("there are %d and by the template %d, want %d", len(got), len(want), test.want)
			}
			for i := range want {
				if !reflect.DeepEqual(got[i].Object, want[i].Object) {
					t.Errorf("%s differs from the template's; its labels are\n%v, want\n%v", got[i].GetName(), got[i].GetLabels(), want[i].GetLabels())
				}
			}
		})
	}
}

// TestCRDsErrors has what Helm refuses, too: a list is written in braces.
func TestCRDsErrors(t *testing.T) {
	objects, err := crds(set(t, "base.excludedCRDs=envoyfilters.networking.istio.io"))
	if err == nil {
		t.Errorf("excludedCRDs that is no list is no error, and %d definitions are left", len(objects))
	}
}

// TestLoadLeavesOut holds load to the shortcut's other half: the CRDs must
// not be rendered a second time.
func TestLoadLeavesOut(t *testing.T) {
	for _, name := range []string{baseChart, pilotChart, ingressChart, egressChart, defaultChart} {
		loaded, err := load(name)
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Metadata.Version != Version || loaded.Metadata.AppVersion != Version {
			t.Errorf("chart %s has version %s of %s", name, loaded.Metadata.Version, loaded.Metadata.AppVersion)
		}
		if len(loaded.Templates) == 0 {
			t.Errorf("chart %s has no templates", name)
		}
		for _, file := range append(loaded.Templates, loaded.Files...) {
			if strings.Contains(file.Name, "crd") {
				t.Errorf("chart %s has %s", name, file.Name)
			}
		}
	}
}
