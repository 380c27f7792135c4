package apiupgrade

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// autoscaler is that of autoscaling/v2beta1. See
// pkg/apis/autoscaling/v2beta1/conversion.go of Kubernetes 1.24, the last
// release that served this version.
func autoscaler(d *draft) error {
	for _, metric := range mappings(mapping(d.object, "spec"), "metrics") {
		resourceMetric(mapping(metric, "resource"))
		resourceMetric(mapping(metric, "containerResource"))
		podsMetric(mapping(metric, "pods"))
		objectMetric(mapping(metric, "object"))
		externalMetric(mapping(metric, "external"))
	}
	return targets(d)
}

// targets is all that changes from v2beta2 to v2. The controller finds nothing
// to scale in a group that is not served.
func targets(d *draft) error {
	spec := mapping(d.object, "spec")
	d.refer(mapping(spec, "scaleTargetRef"), "spec.scaleTargetRef")
	for i, metric := range mappings(spec, "metrics") {
		d.refer(mapping(metric, "object", "describedObject"), fmt.Sprintf("spec.metrics[%d].object.describedObject", i))
	}
	return nil
}

// refer makes a reference name the version in which its object is served now.
func (d *draft) refer(reference map[string]any, field string) {
	version, _ := reference["apiVersion"].(string)
	kind, _ := reference["kind"].(string)
	from := schema.FromAPIVersionAndKind(version, kind)
	if version == "" || kind == "" || d.served(from) {
		return
	}
	path, to := follow(from, d.served)
	if len(path) == 0 {
		return // the object that is meant tells why
	}
	reference["apiVersion"], reference["kind"] = to.GroupVersion().String(), to.Kind
	d.note("%s names %s in %s", field, to.Kind, to.GroupVersion())
}

// retarget makes an autoscaler of a served version name what it scales in a
// served version.
func retarget(object *unstructured.Unstructured, served Served) (*unstructured.Unstructured, *Change, error) {
	gvk := object.GroupVersionKind()
	if gvk.Group != "autoscaling" || gvk.Kind != "HorizontalPodAutoscaler" {
		return object, nil, nil
	}
	d := &draft{object: object.DeepCopy().Object, served: served}
	if err := targets(d); err != nil || len(d.notes) == 0 {
		return object, nil, err
	}
	return &unstructured.Unstructured{Object: d.object}, &Change{From: gvk, To: gvk, Notes: d.notes}, nil
}

// resourceMetric has either an utilization or a value.
func resourceMetric(source map[string]any) {
	if source == nil || source["target"] != nil {
		return
	}
	target := map[string]any{"type": "AverageValue"}
	if source["targetAverageUtilization"] != nil {
		target["type"] = "Utilization"
	}
	move(source, "targetAverageUtilization", target, "averageUtilization")
	move(source, "targetAverageValue", target, "averageValue")
	source["target"] = target
}

func podsMetric(source map[string]any) {
	if source == nil || source["target"] != nil || source["metric"] != nil {
		return
	}
	target := map[string]any{"type": "AverageValue"}
	move(source, "targetAverageValue", target, "averageValue")
	source["target"] = target
	source["metric"] = identifier(source, "selector")
}

// objectMetric calls target what v2 calls describedObject.
func objectMetric(source map[string]any) {
	if source == nil || source["describedObject"] != nil || source["metric"] != nil {
		return
	}
	move(source, "target", source, "describedObject")
	target := map[string]any{"type": "Value"}
	if source["averageValue"] != nil {
		target["type"] = "AverageValue"
	}
	move(source, "targetValue", target, "value")
	move(source, "averageValue", target, "averageValue")
	source["target"] = target
	source["metric"] = identifier(source, "selector")
}

func externalMetric(source map[string]any) {
	if source == nil || source["target"] != nil || source["metric"] != nil {
		return
	}
	target := map[string]any{"type": "AverageValue"}
	if source["targetValue"] != nil {
		target["type"] = "Value"
	}
	move(source, "targetValue", target, "value")
	move(source, "targetAverageValue", target, "averageValue")
	source["target"] = target
	source["metric"] = identifier(source, "metricSelector")
}

// identifier takes a metric's name and selector out of its source.
func identifier(source map[string]any, selector string) map[string]any {
	metric := map[string]any{}
	move(source, "metricName", metric, "name")
	move(source, selector, metric, "selector")
	return metric
}
