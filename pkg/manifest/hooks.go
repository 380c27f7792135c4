package manifest

import (
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The annotations with which the authors of charts say when Helm is to apply
// an object, and which of several comes first. They are still there in
// manifests that were rendered and released.
const (
	hookAnnotation   = "helm.sh/hook"
	weightAnnotation = "helm.sh/hook-weight"
)

// Phase is when in an install an object has its turn.
type Phase int

// The phases, in order.
const (
	// BeforeRest is for the hooks pre-install and pre-upgrade.
	BeforeRest Phase = iota - 1
	// WithRest is for what is no hook.
	WithRest
	// AfterRest is for the hooks post-install and post-upgrade.
	AfterRest
	// NotInstalled is for the hooks that Helm does not run when it installs.
	NotInstalled
)

// Hook is what the annotation of an object says.
type Hook struct {
	Phase Phase
	// Weight orders those of a phase, the lightest first.
	Weight int
	// Occasions are those on which Helm would apply it, where it is not
	// installed: deletion, rollback, test.
	Occasions []string
	// Unknown are names that Helm does not have.
	Unknown []string
}

// occasions are the hooks of Helm that are no part of an install.
var occasions = map[string]string{
	"pre-delete": "deletion", "post-delete": "deletion",
	"pre-rollback": "rollback", "post-rollback": "rollback",
	"test": "test", "test-success": "test", "test-failure": "test",
}

// HookOf reads the annotation of an object. Of several hooks, those of an
// install count before those of an upgrade, and both before all others. An
// object is no hook if it says nothing, if it says crd-install, which is what
// happens to CRDs anyway, or if nobody knows what it says; nor are
// namespaces and CRDs, which others need.
func HookOf(object *unstructured.Unstructured) Hook {
	var hook Hook
	names := hookNames(object)
	for _, name := range names {
		if occasion, known := occasions[name]; known {
			if !slices.Contains(hook.Occasions, occasion) {
				hook.Occasions = append(hook.Occasions, occasion)
			}
		} else if !installs[name] {
			hook.Unknown = append(hook.Unknown, name)
		}
	}
	switch has := func(name string) bool { return slices.Contains(names, name) }; {
	case has("crd-install"):
	case has("pre-install"):
		hook.Phase = BeforeRest
	case has("post-install"):
		hook.Phase = AfterRest
	case has("pre-upgrade"):
		hook.Phase = BeforeRest
	case has("post-upgrade"):
		hook.Phase = AfterRest
	case len(hook.Occasions) > 0 && len(hook.Unknown) == 0:
		hook.Phase = NotInstalled
		return hook
	}
	hook.Occasions = nil
	if IsNamespace(object) || IsCRD(object) {
		hook.Phase = WithRest
	}
	if hook.Phase != WithRest {
		// As Helm does with what is no number.
		hook.Weight, _ = strconv.Atoi(object.GetAnnotations()[weightAnnotation])
	}
	return hook
}

// installs are the hooks that are part of an install or an upgrade.
var installs = map[string]bool{
	"crd-install": true, "pre-install": true, "post-install": true, "pre-upgrade": true, "post-upgrade": true,
}

// hookNames reads as Helm does, which passes over spaces and the case.
func hookNames(object *unstructured.Unstructured) []string {
	var names []string
	for name := range strings.SplitSeq(object.GetAnnotations()[hookAnnotation], ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// IsJob reports whether the object is a Job.
func IsJob(object *unstructured.Unstructured) bool {
	gvk := object.GroupVersionKind()
	return gvk.Group == "batch" && gvk.Kind == "Job"
}

// Stays reports whether an object has to be there after an install. Hooks are
// deleted when they are done, by people or by what they do, and so are Jobs with
// a time to live.
func Stays(object *unstructured.Unstructured) bool {
	if HookOf(object).Phase != WithRest {
		return false
	}
	_, expires, _ := unstructured.NestedFieldNoCopy(object.Object, "spec", "ttlSecondsAfterFinished")
	return !expires || !IsJob(object)
}
