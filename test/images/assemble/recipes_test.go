package main

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
)

// listed is what the plugin says it needs.
var listed = sync.OnceValues(func() ([]byte, error) {
	list := exec.Command("go", "run", "./cmd/kubectl-istio_demo", "images", "--samples")
	list.Dir, list.Stderr = "../../..", os.Stderr
	return list.Output()
})

func references(t *testing.T) []string {
	t.Helper()
	output, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(output))
}

// TestPluginsImagesHaveRecipes holds the set against what the plugin's manifests
// and samples pull.
func TestPluginsImagesHaveRecipes(t *testing.T) {
	all := references(t)
	for _, reference := range all {
		tag, err := name.NewTag(reference)
		if err != nil {
			t.Fatal(err)
		}
		if _, known := recipes[path.Base(tag.RepositoryStr())]; !known {
			t.Errorf("there is no recipe for %s", reference)
		}
	}
	if len(all) < 10 {
		t.Errorf("only %d images were found", len(all))
	}
}

// TestHttpbinIsThatOfTheSample compares the module with the image.
func TestHttpbinIsThatOfTheSample(t *testing.T) {
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range references(t) {
		if name, version, _ := strings.Cut(path.Base(reference), ":"); name == "go-httpbin" {
			if !strings.Contains(string(module), "github.com/mccutchen/go-httpbin/v2 "+version+" ") {
				t.Errorf("go.mod does not have httpbin at %s, as the sample has it", version)
			}
			return
		}
	}
	t.Error("no sample has an image go-httpbin")
}

// TestUsersAreNumbers finds users that a kubelet could not hold to
// runAsNonRoot.
func TestUsersAreNumbers(t *testing.T) {
	number := regexp.MustCompile(`^[0-9]+(:[0-9]+)?$`)
	for name, recipe := range recipes {
		if !number.MatchString(recipe.user) {
			t.Errorf("%s runs as %q", name, recipe.user)
		}
		if len(recipe.layers) == 0 || len(recipe.entrypoint) == 0 {
			t.Errorf("%s has %d layers, and starts %q", name, len(recipe.layers), recipe.entrypoint)
		}
	}
}
