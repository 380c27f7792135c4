package oracle

import (
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// differences are all that is allowed between what Kubernetes makes of an old
// object and what we do.
var differences = []struct {
	why    string
	forget func(object map[string]any)
}{
	{"the server ignores a status that is applied", func(object map[string]any) {
		delete(object, "status")
	}},
	{"a rollback is left out; Kubernetes keeps it in annotations, for the controller to carry out", func(object map[string]any) {
		forgetAnnotations(object, "deprecated.deployment.rollback.")
	}},
	{"the annotation is for v1beta3 only; Kubernetes keeps it where it came with another version", func(object map[string]any) {
		forgetAnnotations(object, "flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares")
	}},
	{"the generation is counted by the server", func(object map[string]any) {
		forgetAnnotations(object, "deprecated.daemonset.template.generation")
	}},
	{"no selector selects no pods either, without a label that nobody knows", func(object map[string]any) {
		expressions, _, _ := unstructured.NestedSlice(object, "spec", "selector", "matchExpressions")
		labels, _, _ := unstructured.NestedMap(object, "spec", "selector", "matchLabels")
		if object["kind"] == "PodDisruptionBudget" && len(labels) == 0 && len(expressions) == 1 {
			if text(expressions[0]) == `{"key":"pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match","operator":"Exists"}` {
				unstructured.RemoveNestedField(object, "spec", "selector")
			}
		}
	}},
	{"v1 does not accept a webhook of which it is unknown whether a dry run has effects", func(object map[string]any) {
		webhooks, _ := object["webhooks"].([]any)
		for _, webhook := range webhooks {
			if fields, ok := webhook.(map[string]any); ok && fields["sideEffects"] == "Unknown" {
				fields["sideEffects"] = "NoneOnDryRun"
			}
		}
	}},
	{"v1 does not accept definitions that keep unknown fields outside of their schema, nor others than structural schemas", func(object map[string]any) {
		if object["kind"] != "CustomResourceDefinition" {
			return
		}
		unstructured.RemoveNestedField(object, "spec", "preserveUnknownFields")
		forgetAnnotations(object, "api-approved.kubernetes.io")
		versions, _, _ := unstructured.NestedFieldNoCopy(object, "spec", "versions")
		list, _ := versions.([]any)
		for _, version := range list {
			delete(version.(map[string]any), "schema")
		}
	}},
	{"v1 does not accept a time zone in a schedule", func(object map[string]any) {
		spec, _ := object["spec"].(map[string]any)
		schedule, _ := spec["schedule"].(string)
		if zone, rest, ok := strings.Cut(strings.TrimPrefix(schedule, "CRON_TZ="), " "); ok && strings.HasPrefix(schedule, "CRON_TZ=") {
			spec["timeZone"], spec["schedule"] = zone, rest
		}
	}},
}

func forgetAnnotations(object map[string]any, prefix string) {
	metadata, _ := object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	maps.DeleteFunc(annotations, func(key string, _ any) bool { return strings.HasPrefix(key, prefix) })
	if len(annotations) == 0 {
		delete(metadata, "annotations")
	}
}
