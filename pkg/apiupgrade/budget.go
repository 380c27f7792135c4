package apiupgrade

// unmatched is a label that no pod has: policy/v1 was served as v1beta1 with
// an expression on it where the two understand an empty selector differently.
const unmatched = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"

// disruptionBudget minds the selector {}, which selects no pods in
// policy/v1beta1 and all pods in v1. No selector selects none in both. See
// pkg/apis/policy/v1beta1/conversion.go.
func disruptionBudget(d *draft) error {
	spec := mapping(d.object, "spec")
	selector := mapping(spec, "selector")
	labels, labelled := selector["matchLabels"].(map[string]any)
	if selector == nil || selector["matchLabels"] != nil && !labelled {
		return nil
	}
	if len(labels) == 0 && emptyList(selector, "matchExpressions") {
		delete(spec, "selector")
		d.note("spec.selector {} is left out: it selected no pods, but would select all pods")
		return nil
	}
	expressions, ok := selector["matchExpressions"].([]any)
	if !ok {
		return nil
	}
	var kept []any
	all := len(labels) == 0 && len(expressions) == 1
	for _, expression := range expressions {
		fields, _ := expression.(map[string]any)
		if fields["key"] != unmatched {
			kept = append(kept, expression)
		}
		all = all && fields["key"] == unmatched && fields["operator"] == "DoesNotExist" && emptyList(fields, "values")
	}
	switch {
	case all:
		spec["selector"] = map[string]any{}
		d.note("spec.selector becomes {}: it selects all pods, as the expression on %s did", unmatched)
	case len(kept) < len(expressions):
		selector["matchExpressions"] = append([]any{}, kept...)
		d.note("the expression on %s is left out of spec.selector", unmatched)
	}
	return nil
}
