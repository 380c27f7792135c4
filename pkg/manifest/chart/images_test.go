package chart

import (
	"slices"
	"testing"
)

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

func TestSidecars(t *testing.T) {
	for _, test := range []struct {
		name    string
		options Options
		want    []string
	}{
		{"as they are", Options{}, []string{Hub + "/proxyv2:" + Version}},
		{"a mirror", Options{Hub: "registry.example.com/istio", Tag: "1.31.1"}, []string{"registry.example.com/istio/proxyv2:1.31.1"}},
		{"a variant", Options{Values: set(t, "global.variant=distroless")}, []string{Hub + "/proxyv2:" + Version + "-distroless"}},
		{"one's own", Options{Values: set(t, "global.proxy.image=example.com/proxy:1")}, []string{"example.com/proxy:1", Hub + "/proxyv2:" + Version}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Namespace = "istio-system"
			rendered, err := Render(test.options)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(rendered.Injected, test.want) {
				t.Errorf("%q, want %q", rendered.Injected, test.want)
			}
		})
	}
}
