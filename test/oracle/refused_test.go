package oracle

import (
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// TestRefusedByV1 has definitions that v1beta1 took and v1 refuses. What becomes
// of them must be valid, and accept what the old ones did.
func TestRefusedByV1(t *testing.T) {
	const listed = "preserveUnknownFields: false, validation: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {f: {type: array, "
	var questions []question
	for _, test := range []struct {
		name, spec string
		value      any
	}{
		{"types", "validation: {openAPIV3Schema: {properties: {spec: {properties: {f: {type: bool}, g: {type: int32}}}}}}", map[string]any{"f": true, "g": int64(1)}},
		{"optional key", listed + "x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a, b], items: {type: object, required: [a], properties: {a: {type: integer}, b: {type: string}}}}}}}}}",
			map[string]any{"f": []any{map[string]any{"a": int64(1)}, map[string]any{"a": int64(1)}}}},
		{"unknown key", listed + "x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [c], items: {type: object, properties: {a: {type: integer}}}}}}}}}", map[string]any{"f": []any{map[string]any{"a": int64(1)}}}},
		{"key that is null", listed + "x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [a], items: {type: object, required: [a], properties: {a: {type: string, nullable: true}}}}}}}}}", map[string]any{"f": []any{map[string]any{"a": nil}}}},
		{"set of objects", listed + "x-kubernetes-list-type: set, items: {type: object, properties: {a: {type: integer}}}}}}}}}", map[string]any{"f": []any{map[string]any{"a": int64(1)}}}},
		{"set of null", listed + "x-kubernetes-list-type: set, items: {type: string, nullable: true}}}}}}}", map[string]any{"f": []any{nil}}},
		{"keys without a type", listed + "x-kubernetes-list-map-keys: [a], items: {type: object, properties: {a: {type: integer}}}}}}}}}", map[string]any{"f": []any{map[string]any{"a": int64(1)}}}},
		{"columns", "additionalPrinterColumns: [{name: Age, type: date, JSONPath: metadata.creationTimestamp}, {name: A, type: text, JSONPath: .spec.a}, {name: B, type: string, jsonPath: .spec.b}]", map[string]any{"a": "b"}},
	} {
		object := fixture.Objects(t, "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata: {name: as.example.com}\nspec: {group: example.com, version: v1, names: {kind: A, plural: as}, "+test.spec+"}\n")[0]
		made, ok := upgrade(t, object)
		if !ok {
			t.Fatalf("%s: not upgraded", test.name)
		}
		questions = append(questions, question{Object: made.upgraded.Object, Version: "apiextensions.k8s.io/v1", Strict: true, Specs: []any{test.value}})
	}
	for n, answer := range put(t, questions) {
		if answer.Error != "" || len(answer.Accepts) != 1 || !answer.Accepts[0] {
			t.Errorf("%s\naccepts %v %v: %s", text(questions[n].Object["spec"]), questions[n].Specs, answer.Accepts, answer.Error)
		}
	}
}
