package chart

import "testing"

// TestReleaseImages knows the architectures of the release's images only.
func TestReleaseImages(t *testing.T) {
	for _, test := range []struct {
		name    string
		options Options
		want    bool
	}{
		{"as they are", Options{}, true},
		{"a variant", Options{Tag: Version + "-distroless"}, true},
		{"another version", Options{Tag: "1.31.01"}, false},
		{"a mirror, which may have built its own", Options{Hub: "registry.example.com/istio"}, false},
		{"a value", Options{Values: set(t, "global.hub=registry.example.com/istio")}, false},
		{"another value", Options{Values: set(t, "pilot.traceSampling=7")}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Namespace = "istio-system"
			values, err := demoValues(test.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := releaseImages(values); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}
