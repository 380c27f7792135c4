package chart

import "testing"

// BenchmarkRender renders the demo, as every install without a file does.
func BenchmarkRender(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Render(Options{Namespace: usualNamespace}); err != nil {
			b.Fatal(err)
		}
	}
}
