package install

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/inmemory"
)

// connect returns the cluster of a server without a network.
func connect(t *testing.T, answer func(*http.Request) any) *cluster.Cluster {
	t.Helper()
	cluster, err := cluster.Connect(inmemory.Config(answer), nil)
	if err != nil {
		t.Fatal(err)
	}
	return cluster
}

// configMaps returns a manifest of ConfigMaps.
func configMaps(t *testing.T, names ...string) func(context.Context) (manifest.Manifest, error) {
	t.Helper()
	var text strings.Builder
	for _, name := range names {
		fmt.Fprintf(&text, "---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: %s}}\n", name)
	}
	return func(context.Context) (manifest.Manifest, error) {
		content, err := decode.Decode("maps.yaml", []byte(text.String()), true)
		return manifest.Manifest{What: "maps", Objects: content.Objects}, err
	}
}

// skipAll are all checks that can be left out.
func skipAll() map[string]bool {
	skipped := map[string]bool{}
	for _, name := range CheckNames() {
		skipped[name] = true
	}
	return skipped
}
