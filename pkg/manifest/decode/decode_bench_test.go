package decode

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// large is a manifest of about the size of the first demos of Istio, with a
// key that comes twice in each of the documents, or in none.
func large(repeated string) []byte {
	var text strings.Builder
	for i := range 220 {
		fmt.Fprintf(&text, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-%d\n  labels: {app: web, release: demo}\nspec:\n  replicas: 1\n%s  template:\n    metadata:\n      labels: {app: web}\n    spec:\n      containers:\n", i, repeated)
		for j := range 8 {
			fmt.Fprintf(&text, "      - name: container-%d\n        image: registry.example.com/web:1\n        args: [serve, --port, \"8080\", --verbose]\n        ports:\n        - containerPort: 8080\n          name: http-%d\n", j, j)
		}
		text.WriteString("---\n")
	}
	return []byte(text.String())
}

func BenchmarkDecode(b *testing.B) {
	inputs := map[string][]byte{"none twice": large(""), "one twice in each": large("  replicas: 2\n")}
	// A file of one's own: DECODE=demo.yaml go test -bench Decode ./pkg/manifest
	if name := os.Getenv("DECODE"); name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		inputs[name] = data
	}
	for name, data := range inputs {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Decode("demo.yaml", data, true); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
