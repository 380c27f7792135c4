package oracle

import (
	"encoding/json"

	admissionv1beta1 "k8s.io/api/admissionregistration/v1beta1"
	appsv1beta1 "k8s.io/api/apps/v1beta1"
	appsv1beta2 "k8s.io/api/apps/v1beta2"
	corev1 "k8s.io/api/core/v1"
	extensionsv1beta1 "k8s.io/api/extensions/v1beta1"
	rbacv1alpha1 "k8s.io/api/rbac/v1alpha1"
	crdv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/randfill"
)

// filler fills the fields of an object by lot: half of what may be absent is,
// lists are short, and texts and numbers are such as somebody could write.
func filler(seed int64) *randfill.Filler {
	return randfill.NewWithSeed(seed).NilChance(0.5).NumElements(0, 2).MaxDepth(14).Funcs(append(plain(), kinds()...)...)
}

// one of some values.
func one[T any](c randfill.Continue, values ...T) T { return values[c.Intn(len(values))] }

// plain are the types that all kinds are made of.
func plain() []any {
	labels := []map[string]string{nil, {}, {"app": "a"}, {"app": "a", "version": "v1"}}
	template := func(t *corev1.PodTemplateSpec, c randfill.Continue) {
		t.Labels = one(c, labels...)
		t.Spec.Containers = []corev1.Container{{Name: "a", Image: "example.com/a"}}
	}
	return []any{
		func(s *string, c randfill.Continue) { *s = one(c, "", "a", "b", "*", "kubernetes.io/hostname") },
		func(n *int32, c randfill.Continue) { *n = one[int32](c, 0, 1, 2, 600, 2147483647) },
		func(n *int64, c randfill.Continue) { *n = one[int64](c, 0, 1, 2, 600, 1<<40) },
		func(t *metav1.TypeMeta, _ randfill.Continue) {},
		func(t *metav1.Time, _ randfill.Continue) { *t = metav1.Unix(1500000000, 0) },
		func(t *metav1.MicroTime, _ randfill.Continue) { *t = metav1.MicroTime(metav1.Unix(1500000000, 0)) },
		func(m *metav1.ObjectMeta, c randfill.Continue) {
			m.Labels = one(c, labels...)
			m.Annotations = one(c, nil, map[string]string{"a": "b"}, map[string]string{"flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares": ""})
		},
		func(s *metav1.LabelSelector, c randfill.Continue) {
			const unmatched = "pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match"
			s.MatchLabels = one(c, labels...)
			for range c.Intn(3) {
				s.MatchExpressions = append(s.MatchExpressions, metav1.LabelSelectorRequirement{
					Key: one(c, "a", unmatched), Operator: one(c, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)})
			}
		},
		func(q *resource.Quantity, c randfill.Continue) {
			*q = resource.MustParse(one(c, "0", "1", "100m", "1Gi", "1e3"))
		},
		func(v *intstr.IntOrString, c randfill.Continue) {
			*v = one(c, intstr.FromInt32(0), intstr.FromInt32(1), intstr.FromString("25%"), intstr.FromString("http"), intstr.FromString(""))
		},
		func(r *runtime.RawExtension, _ randfill.Continue) { r.Raw = json.RawMessage(`{"a":1}`) },
		template,
		func(p *corev1.PersistentVolumeClaim, c randfill.Continue) { p.Name = "data" },
		func(s *corev1.PodSpec, c randfill.Continue) {
			s.Containers = []corev1.Container{{Name: "a", Image: "example.com/a"}}
		},
		func(s *corev1.PersistentVolumeSpec, c randfill.Continue) {},
	}
}

// kinds are types in which some values mean something.
func kinds() []any {
	return []any{
		func(s *extensionsv1beta1.DeploymentStrategyType, c randfill.Continue) {
			*s = one(c, "", extensionsv1beta1.RollingUpdateDeploymentStrategyType)
		},
		func(s *appsv1beta1.DeploymentStrategyType, c randfill.Continue) {
			*s = one(c, "", appsv1beta1.RollingUpdateDeploymentStrategyType, appsv1beta1.RecreateDeploymentStrategyType)
		},
		func(s *appsv1beta2.DeploymentStrategyType, c randfill.Continue) {
			*s = one(c, "", appsv1beta2.RollingUpdateDeploymentStrategyType, appsv1beta2.RecreateDeploymentStrategyType)
		},
		func(s *extensionsv1beta1.DaemonSetUpdateStrategyType, c randfill.Continue) {
			*s = one(c, "", extensionsv1beta1.RollingUpdateDaemonSetStrategyType, extensionsv1beta1.OnDeleteDaemonSetStrategyType)
		},
		func(s *appsv1beta2.DaemonSetUpdateStrategyType, c randfill.Continue) {
			*s = one(c, "", appsv1beta2.RollingUpdateDaemonSetStrategyType, appsv1beta2.OnDeleteDaemonSetStrategyType)
		},
		func(s *appsv1beta1.StatefulSetUpdateStrategyType, c randfill.Continue) {
			*s = one(c, "", appsv1beta1.RollingUpdateStatefulSetStrategyType, appsv1beta1.OnDeleteStatefulSetStrategyType)
		},
		func(s *appsv1beta2.StatefulSetUpdateStrategyType, c randfill.Continue) {
			*s = one(c, "", appsv1beta2.RollingUpdateStatefulSetStrategyType, appsv1beta2.OnDeleteStatefulSetStrategyType)
		},
		func(s *admissionv1beta1.SideEffectClass, c randfill.Continue) {
			*s = one(c, admissionv1beta1.SideEffectClassNone, admissionv1beta1.SideEffectClassUnknown, admissionv1beta1.SideEffectClassSome, admissionv1beta1.SideEffectClassNoneOnDryRun)
		},
		func(s *rbacv1alpha1.Subject, c randfill.Continue) {
			*s = rbacv1alpha1.Subject{
				Kind: one(c, "User", "Group", "ServiceAccount", "Robot"), Name: one(c, "*", "jane"), Namespace: one(c, "", "default"),
				APIVersion: one(c, "", "v1", "rbac.authorization.k8s.io/v1alpha1", "example.com/v1"),
			}
		},
		func(s *crdv1beta1.CustomResourceDefinitionSpec, c randfill.Continue) {
			c.FillNoCustom(s)
			if s.Version == "" && len(s.Versions) == 0 {
				s.Version = "v1"
			}
		},
		func(s *crdv1beta1.ConversionStrategyType, c randfill.Continue) {
			*s = one(c, crdv1beta1.NoneConverter, crdv1beta1.WebhookConverter)
		},
		func(s *crdv1beta1.JSONSchemaProps, c randfill.Continue) { s.Type = one(c, "", "object", "string") },
	}
}
