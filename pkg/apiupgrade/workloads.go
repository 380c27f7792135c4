package apiupgrade

import (
	"math"

	"k8s.io/apimachinery/pkg/runtime"
)

// The defaults are those of pkg/apis/extensions/v1beta1/defaults.go and
// pkg/apis/apps/v1beta1/defaults.go of Kubernetes 1.15, the last release that
// served these versions. apps/v1beta2 has the same as apps/v1, and requires a
// selector as that does.

// extensionsDeployment waits for ever and keeps every revision where nothing
// is said, and surges by one pod.
func extensionsDeployment(d *draft) error {
	d.selectByTemplate()
	spec := mapping(d.object, "spec")
	if spec == nil {
		return nil
	}
	if d.rolls(spec) {
		rolling := made(made(spec, "strategy"), "rollingUpdate")
		d.fill(rolling, "spec.strategy.rollingUpdate", "maxUnavailable", int64(1))
		d.fill(rolling, "spec.strategy.rollingUpdate", "maxSurge", int64(1))
	}
	// The largest number means the same as none did.
	d.fill(spec, "spec", "progressDeadlineSeconds", int64(math.MaxInt32))
	d.fill(spec, "spec", "revisionHistoryLimit", int64(math.MaxInt32))
	d.forgetRollback(spec)
	return nil
}

// appsDeployment is that of apps/v1beta1, which keeps two revisions.
func appsDeployment(d *draft) error {
	d.selectByTemplate()
	if spec := mapping(d.object, "spec"); spec != nil {
		d.fill(spec, "spec", "revisionHistoryLimit", int64(2))
		d.forgetRollback(spec)
	}
	return nil
}

// rolls reports whether the strategy is a rolling update, the default.
func (d *draft) rolls(spec map[string]any) bool {
	if spec["strategy"] == nil {
		return true
	}
	strategy := mapping(spec, "strategy")
	return strategy != nil && (blank(strategy, "type") || strategy["type"] == "RollingUpdate")
}

// forgetRollback leaves out a command to the controller that has no successor.
func (d *draft) forgetRollback(spec map[string]any) {
	if drop(spec, "rollbackTo") {
		d.note("spec.rollbackTo is left out: use 'kubectl rollout undo'")
	}
}

// extensionsDaemonSet replaces pods only when they are deleted, unless told
// otherwise.
func extensionsDaemonSet(d *draft) error {
	d.selectByTemplate()
	spec := mapping(d.object, "spec")
	if spec == nil {
		return nil
	}
	d.onDelete(spec)
	if drop(spec, "templateGeneration") {
		d.note("spec.templateGeneration is left out: the server maintains it")
	}
	return nil
}

func extensionsReplicaSet(d *draft) error {
	d.selectByTemplate()
	return nil
}

// appsStatefulSet is that of apps/v1beta1, which replaces pods only when they
// are deleted, unless told otherwise.
func appsStatefulSet(d *draft) error {
	d.selectByTemplate()
	if spec := mapping(d.object, "spec"); spec != nil {
		d.onDelete(spec)
	}
	return nil
}

func (d *draft) onDelete(spec map[string]any) {
	strategy := made(spec, "updateStrategy")
	if strategy["type"] == "" {
		delete(strategy, "type")
	}
	d.fill(strategy, "spec.updateStrategy", "type", "OnDelete")
}

// selectByTemplate takes the selector and the labels from the template where
// the author gave none.
func (d *draft) selectByTemplate() {
	spec := mapping(d.object, "spec")
	labels := mapping(spec, "template", "metadata", "labels")
	if len(labels) == 0 {
		return
	}
	if spec["selector"] == nil {
		spec["selector"] = map[string]any{"matchLabels": runtime.DeepCopyJSON(labels)}
		d.note("spec.selector is set from the template's labels")
	}
	metadata := made(d.object, "metadata")
	if metadata == nil {
		return
	}
	if own, ok := metadata["labels"].(map[string]any); metadata["labels"] == nil || ok && len(own) == 0 {
		metadata["labels"] = runtime.DeepCopyJSON(labels)
		d.note("metadata.labels are set from the template's labels")
	}
}
