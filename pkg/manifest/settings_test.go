package manifest

import (
	"reflect"
	"slices"
	"testing"
)

var spoken = Settings{
	Values: map[string]any{
		"pilot":  map[string]any{"traceSampling": int64(10), "env": map[string]any{"A.B": "x"}},
		"global": map[string]any{"proxy": map[string]any{"logLevel": "debug"}},
	},
	Hub: "registry.example.com", Addons: []string{"kiali"},
}

func TestSettings(t *testing.T) {
	read, known := ParseSettings(spoken.Encode())
	if !known || !reflect.DeepEqual(read, spoken) {
		t.Errorf("%t, %+v", known, read)
	}
	for _, text := range []string{"", "x", "[]"} {
		if read, known := ParseSettings(text); known || !reflect.DeepEqual(read, Settings{}) {
			t.Errorf("%q is read as %+v", text, read)
		}
	}
	for _, settings := range []Settings{{}, {Addons: []string{}}} {
		if read, known := ParseSettings(settings.Encode()); !known || !reflect.DeepEqual(read, settings) {
			t.Errorf("%+v is read as %+v", settings, read)
		}
	}
	want := []string{"global.proxy.logLevel=debug", `pilot.env.A\.B=x`, "pilot.traceSampling=10", "--hub=registry.example.com", "--addons=kiali"}
	if got := spoken.Assignments(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestDropped names what is not said again, and nothing that is changed.
func TestDropped(t *testing.T) {
	for _, test := range []struct {
		name string
		now  Settings
		want []string
	}{
		{"the same", spoken, nil},
		{"nothing", Settings{}, spoken.Assignments()},
		{"others", Settings{
			Values: map[string]any{"pilot": map[string]any{"traceSampling": 1.0}, "global": map[string]any{"proxy": map[string]any{}}},
			Hub:    "other", Addons: []string{},
		}, []string{`pilot.env.A\.B=x`}},
	} {
		if got := spoken.Dropped(test.now); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q", test.name, got)
		}
	}
}

// TestWithoutSecrets leaves out what looks like a credential, and nothing else.
func TestWithoutSecrets(t *testing.T) {
	given := Settings{Values: map[string]any{
		"global": map[string]any{"imagePullSecrets": []any{"mirror"}, "adminPassword": "x", "proxy": map[string]any{"api_key": 1.0, "logLevel": "debug"}},
		"list":   []any{map[string]any{"name": "a", "token": "b"}},
		"plain":  []any{map[string]any{"name": "a"}},
		"meta":   map[string]any{"API_TOKEN": "x"},
		"url":    "https://user:x@example.com",
		"token":  map[string]any{"aud": "istio-ca"},
	}}
	clean, secret := given.WithoutSecrets()
	want := map[string]any{
		"global": map[string]any{"imagePullSecrets": []any{"mirror"}, "proxy": map[string]any{"logLevel": "debug"}},
		"plain":  []any{map[string]any{"name": "a"}},
		"token":  map[string]any{"aud": "istio-ca"},
	}
	if !reflect.DeepEqual(clean.Values, want) || !slices.Equal(secret, []string{"global.adminPassword", "global.proxy.api_key", "list", "meta.API_TOKEN", "url"}) {
		t.Errorf("left out are %q\n%+v", secret, clean.Values)
	}
}
