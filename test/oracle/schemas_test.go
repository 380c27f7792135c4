package oracle

import (
	"math/rand"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestSchemas makes up schemas as v1beta1 took them. What becomes of them must
// be valid in v1, and accept whatever the old schema accepted.
func TestSchemas(t *testing.T) {
	const count, specs = 1500, 12
	var pairs []pair
	var questions []question
	given := 0
	for seed := range int64(count) {
		lots := rand.New(rand.NewSource(seed))
		object := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "apiextensions.k8s.io/v1beta1", "kind": "CustomResourceDefinition",
			"metadata": map[string]any{"name": "as.example.com"},
			"spec": map[string]any{
				"group": "example.com", "version": "v1", "names": map[string]any{"kind": "A", "plural": "as"},
				"validation": map[string]any{"openAPIV3Schema": map[string]any{"properties": map[string]any{"spec": anySchema(lots, 3)}}},
			},
		}}
		made, ok := upgrade(t, object)
		if !ok {
			t.Fatal("a definition is not upgraded")
		}
		if slices.ContainsFunc(made.change.Notes, func(note string) bool { return strings.HasPrefix(note, "the schema allows everything") }) {
			given++
		}
		var values []any
		for range specs {
			values = append(values, anyValue(lots, 3))
		}
		pairs = append(pairs, made)
		questions = append(questions,
			question{Object: made.old.Object, Version: "apiextensions.k8s.io/v1", Specs: values},
			question{Object: made.upgraded.Object, Version: "apiextensions.k8s.io/v1", Strict: true, Specs: values})
	}
	answers := put(t, questions)
	accepted, refused, faults := 0, 0, 0
	for i, made := range pairs {
		old, upgraded := answers[2*i], answers[2*i+1]
		if old.Error != "" || upgraded.Error != "" {
			faults++
			if faults <= 3 {
				t.Errorf("%s%s\n%s\n%s", old.Error, upgraded.Error, text(made.old.Object["spec"]), text(made.upgraded.Object["spec"]))
			}
			continue
		}
		for j, accepts := range old.Accepts {
			switch {
			case !accepts && !upgraded.Accepts[j]:
				refused++
			case accepts && !upgraded.Accepts[j]:
				t.Fatalf("%s is no longer accepted\n%s\n%s", text(questions[2*i].Specs[j]), text(made.old.Object["spec"]), text(made.upgraded.Object["spec"]))
			case accepts:
				accepted++
			}
		}
	}
	if given > 0 {
		t.Errorf("%d schemas were given up", given)
	}
	t.Logf("%d schemas; of the values, %d are accepted and %d refused as before", count-faults, accepted, refused)
	if accepted < count || refused < count {
		t.Error("the values say little about the schemas")
	}
}

var names = []string{"a", "b", "c"}

// anySchema gives one that may have a type or not, and branches or not.
func anySchema(lots *rand.Rand, depth int) map[string]any {
	node := map[string]any{}
	kinds := []string{"object", "string", "integer", "array", "boolean"}
	if kind := lots.Intn(len(kinds) + 2); kind < len(kinds) {
		node["type"] = kinds[kind]
	}
	if lots.Intn(3) == 0 {
		node["description"] = "some"
	}
	if depth > 0 {
		nest(lots, depth-1, node)
	}
	switch lots.Intn(8) {
	case 0:
		node["minLength"] = int64(1)
	case 1:
		node["minimum"] = int64(1)
	case 2:
		node["pattern"] = "^[ab]*$"
	case 3:
		node["required"] = []any{names[lots.Intn(3)]}
	case 4:
		node["anyOf"] = []any{map[string]any{"type": "string"}, map[string]any{"type": "integer"}}
	}
	return node
}

// nest puts schemas below another one, in fields and in branches.
func nest(lots *rand.Rand, depth int, node map[string]any) {
	kind := node["type"]
	switch {
	case kind == "object" && lots.Intn(3) == 0:
		node["additionalProperties"] = anySchema(lots, depth)
	case kind == "object" || kind == nil && lots.Intn(3) == 0:
		node["properties"] = map[string]any{names[lots.Intn(3)]: anySchema(lots, depth), names[lots.Intn(3)]: anySchema(lots, depth)}
	case kind == "array" && lots.Intn(3) > 0:
		node["items"] = anySchema(lots, depth)
	}
	if lots.Intn(4) > 0 {
		return
	}
	switch key := []string{"anyOf", "allOf", "oneOf", "not"}[lots.Intn(4)]; key {
	case "not":
		node[key] = anySchema(lots, depth)
	default:
		node[key] = []any{anySchema(lots, depth), anySchema(lots, depth)}
	}
}

// anyValue gives one that a schema may accept.
func anyValue(lots *rand.Rand, depth int) any {
	switch kind := lots.Intn(8); {
	case kind < 3 && depth > 0:
		return map[string]any{names[lots.Intn(3)]: anyValue(lots, depth-1), names[lots.Intn(3)]: anyValue(lots, depth-1)}
	case kind == 3 && depth > 0:
		return []any{anyValue(lots, depth-1)}
	case kind == 4:
		return "abc"
	case kind == 5:
		return int64(lots.Intn(3))
	case kind == 6:
		return true
	}
	return "a"
}
