package chart

import (
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// addDefaultRevision adds what istioctl applies after the charts, so that the
// default revision takes the pods of labelled namespaces: the revision tag
// "default" (a Service and a MutatingWebhookConfiguration) and the validator
// of objects that name no revision (istioctl/pkg/tag/generate.go).
func (r *Rendered) addDefaultRevision(namespace string, values map[string]any) error {
	if lookup(values, false, "global", "operatorManageWebhooks") {
		return nil
	}
	revision := lookup(values, "", "revision")
	if revision == "" || revision == "default" {
		r.deactivate("istio-sidecar-injector")
	}
	tagged := clone(values)
	tagged["revisionTags"] = []any{"default"}
	var more Rendered
	if err := more.add(pilotChart, namespace, tagged, only("revision-tags-mwc.yaml")); err != nil {
		return err
	}
	if revision == "" {
		// The tag's Service selects istiod by its revision, which the pods of
		// the default revision name "default".
		tagged["revision"] = "default"
	}
	if err := more.add(pilotChart, namespace, tagged, only("revision-tags-svc.yaml")); err != nil {
		return err
	}
	if clusterScoped(values) {
		if err := more.add(defaultChart, namespace, values, only("validatingwebhook.yaml")); err != nil {
			return err
		}
	}
	r.addMissing(more.Objects)
	return nil
}

// addMissing leaves out what the user's values have had the charts render
// already: revisionTags={default}, or defaultRevision=default.
func (r *Rendered) addMissing(more []manifest.Object) {
	rendered := map[event.Object]bool{}
	for _, object := range r.Objects {
		rendered[manifest.Ref(object.Unstructured)] = true
	}
	for _, object := range more {
		if !rendered[manifest.Ref(object.Unstructured)] {
			r.Objects = append(r.Objects, object)
		}
	}
}

// only keeps one template of a chart, and those that it includes.
func only(name string) func(template string) bool {
	return func(template string) bool { return strings.HasSuffix(template, "/"+name) || isShared(template) }
}

// isShared reports whether a template emits nothing and serves the others.
func isShared(template string) bool {
	return strings.HasSuffix(template, ".tpl") || strings.HasPrefix(template, "templates/zz")
}

// deactivate makes an injector match no pod, because the tag's one takes its
// pods and two would inject twice. The label is istioctl's.
func (r *Rendered) deactivate(name string) {
	never := func() map[string]any {
		return map[string]any{"matchLabels": map[string]any{"istio.io/deactivated": "never-match"}}
	}
	for _, object := range r.Objects {
		if object.GetKind() != "MutatingWebhookConfiguration" || !strings.HasPrefix(object.GetName(), name) {
			continue
		}
		for _, webhook := range lookup[[]any](object.Object, nil, "webhooks") {
			if webhook, ok := webhook.(map[string]any); ok {
				webhook["namespaceSelector"], webhook["objectSelector"] = never(), never()
			}
		}
	}
}
