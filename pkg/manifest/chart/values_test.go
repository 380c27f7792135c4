package chart

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

func TestMergeValues(t *testing.T) {
	for _, test := range []struct {
		name        string
		files       []string
		assignments []string
		want        map[string]any
	}{
		{"nothing", nil, nil, map[string]any{}},
		{"empty file", []string{"# nothing\n"}, nil, map[string]any{}},
		{"file", []string{"pilot: {traceSampling: 7}\n"}, nil, map[string]any{"pilot": map[string]any{"traceSampling": 7.0}}},
		{"later file above earlier", []string{"a: {b: x, c: x}\n", "a: {b: z}\n"}, nil, map[string]any{"a": map[string]any{"b": "z", "c": "x"}}},
		{"assignment above file", []string{"a: {b: x, c: x}\n"}, []string{"a.b=y"}, map[string]any{"a": map[string]any{"b": "y", "c": "x"}}},
		{"later assignment above earlier", nil, []string{"a=1", "a=2"}, map[string]any{"a": int64(2)}},
		{"types", nil, []string{"a=true,b=text", "c={x,y}"}, map[string]any{"a": true, "b": "text", "c": []any{"x", "y"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var files []ValuesFile
			for _, data := range test.files {
				files = append(files, ValuesFile{Name: "values.yaml", Data: []byte(data)})
			}
			got, err := MergeValues(files, test.assignments)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %#v, want %#v", got, test.want)
			}
		})
	}
}

func TestMergeValuesErrors(t *testing.T) {
	for _, test := range []struct {
		name       string
		file       string
		assignment string
		wants      []string
	}{
		{"sequence", "- a\n", "", []string{"--values own.yaml: not a YAML mapping of values: ", "not an array"}},
		{"text", "a\n", "", []string{"--values own.yaml: not a YAML mapping of values: ", "not a string"}},
		{"syntax", "a: [x\n", "", []string{"--values own.yaml: not a YAML mapping of values: line "}},
		{"no value", "", "pilot", []string{"--set pilot: ", "; write it as key=value"}},
		{"key through a value", "a: 1\n", "a[0].b=x", []string{"--set a[0].b=x: "}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var assignments []string
			if test.assignment != "" {
				assignments = append(assignments, test.assignment)
			}
			values, err := MergeValues([]ValuesFile{{Name: "own.yaml", Data: []byte(test.file)}}, assignments)
			if err == nil {
				t.Fatalf("no error, but %v", values)
			}
			for _, want := range test.wants {
				if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
					t.Errorf("the error is %q, want %q", err, want)
				}
			}
		})
	}
}

// TestValuesPrecedence follows one value through its layers: the chart says
// 1, the demo profile 100, and the user has the last word.
func TestValuesPrecedence(t *testing.T) {
	for _, test := range []struct {
		name        string
		assignments []string
		want        string
	}{
		{"chart", []string{"profile=stable"}, "1"},
		{"profile", nil, "100"},
		{"user", []string{"pilot.traceSampling=7"}, "7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			istiod := find(t, demo(t, test.assignments...), "Deployment", "istiod")
			containers, _, _ := unstructured.NestedSlice(istiod.Object, "spec", "template", "spec", "containers")
			got := ""
			for _, variable := range lookup[[]any](containers[0].(map[string]any), nil, "env") {
				if variable := variable.(map[string]any); variable["name"] == "PILOT_TRACE_SAMPLING" {
					got, _ = variable["value"].(string)
				}
			}
			if got != test.want {
				t.Errorf("PILOT_TRACE_SAMPLING is %q, want %q", got, test.want)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	values := map[string]any{"a": map[string]any{"b": true, "c": "text", "d": nil}}
	for _, test := range []struct {
		path []string
		want bool
	}{
		{[]string{"a", "b"}, true},
		{[]string{"a", "c"}, false}, // of another type
		{[]string{"a", "d"}, false},
		{[]string{"a", "e"}, false},
		{[]string{"a", "b", "c"}, false}, // through a value
		{[]string{"e", "b"}, false},
		{nil, false},
	} {
		if got := lookup(values, false, test.path...); got != test.want {
			t.Errorf("%v: %t", test.path, got)
		}
	}
	if !lookup(values, true, "a", "e") {
		t.Error("the fallback was not given")
	}
}

// TestMergeValuesBoundsAliases has a megabyte stand for gigabytes.
func TestMergeValuesBoundsAliases(t *testing.T) {
	data := "a: &a " + strings.Repeat("x", 1<<20) + "\nb: [" + strings.Repeat("*a,", 1500) + "]\n"
	_, err := MergeValues([]ValuesFile{{Name: "mesh.yaml", Data: []byte(data)}}, nil)
	if err == nil || !errors.Is(err, decode.ErrExpansion) || !strings.HasPrefix(err.Error(), "--values mesh.yaml, document 1 (line 2): ") {
		t.Errorf("the error is %v", err)
	}
}
