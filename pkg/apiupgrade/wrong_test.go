package apiupgrade

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// TestWrong gives objects with something wrong in them. It stays, for the
// server to refuse.
func TestWrong(t *testing.T) {
	for name, test := range map[string]struct{ old, want string }{
		"no spec": {
			"{apiVersion: extensions/v1beta1, kind: Deployment}",
			"{apiVersion: apps/v1, kind: Deployment}"},
		"spec is text": {
			"{apiVersion: extensions/v1beta1, kind: Deployment, spec: text}",
			"{apiVersion: apps/v1, kind: Deployment, spec: text}"},
		"a selector is text": {
			"{apiVersion: apps/v1beta1, kind: StatefulSet, metadata: 7, spec: {selector: text, updateStrategy: [], template: {metadata: {labels: {a: b}}}}}",
			"{apiVersion: apps/v1, kind: StatefulSet, metadata: 7, spec: {selector: text, updateStrategy: [], template: {metadata: {labels: {a: b}}}}}"},
		"labels are a list": {
			"{apiVersion: apps/v1beta1, kind: StatefulSet, spec: {updateStrategy: {type: x}, template: {metadata: {labels: [a]}}}}",
			"{apiVersion: apps/v1, kind: StatefulSet, spec: {updateStrategy: {type: x}, template: {metadata: {labels: [a]}}}}"},
		"own labels are a list": {
			"{apiVersion: extensions/v1beta1, kind: ReplicaSet, metadata: {labels: [a]}, spec: {template: {metadata: {labels: {a: b}}}}}",
			"{apiVersion: apps/v1, kind: ReplicaSet, metadata: {labels: [a]}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}}}}"},
		"a strategy is text": {
			"{apiVersion: extensions/v1beta1, kind: Deployment, spec: {strategy: RollingUpdate, progressDeadlineSeconds: 1, revisionHistoryLimit: 1}}",
			"{apiVersion: apps/v1, kind: Deployment, spec: {strategy: RollingUpdate, progressDeadlineSeconds: 1, revisionHistoryLimit: 1}}"},
		"a field is not known": {
			"{apiVersion: apps/v1beta2, kind: Deployment, spec: {replica: 1}}",
			"{apiVersion: apps/v1, kind: Deployment, spec: {replica: 1}}"},
		"an expression is text": {
			"{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, spec: {selector: {matchExpressions: [a]}}}",
			"{apiVersion: policy/v1, kind: PodDisruptionBudget, spec: {selector: {matchExpressions: [a]}}}"},
		"matchLabels is text": {
			"{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, spec: {selector: {matchLabels: a}}}",
			"{apiVersion: policy/v1, kind: PodDisruptionBudget, spec: {selector: {matchLabels: a}}}"},
		"a selector is a list": {
			"{apiVersion: policy/v1beta1, kind: PodDisruptionBudget, spec: {selector: [a]}}",
			"{apiVersion: policy/v1, kind: PodDisruptionBudget, spec: {selector: [a]}}"},
		"webhooks are a mapping": {
			"{apiVersion: admissionregistration.k8s.io/v1beta1, kind: MutatingWebhookConfiguration, webhooks: {a: b}}",
			"{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, webhooks: {a: b}}"},
		"a webhook says that it has side effects": {
			"{apiVersion: admissionregistration.k8s.io/v1beta1, kind: MutatingWebhookConfiguration, webhooks: [text, {sideEffects: Some, failurePolicy: Fail, matchPolicy: 7, timeoutSeconds: x, admissionReviewVersions: x}]}",
			"{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, webhooks: [text, {sideEffects: Some, failurePolicy: Fail, matchPolicy: 7, timeoutSeconds: x, admissionReviewVersions: x}]}"},
		"a policy is empty": {
			"{apiVersion: admissionregistration.k8s.io/v1beta1, kind: MutatingWebhookConfiguration, webhooks: [{sideEffects: None, failurePolicy: '', matchPolicy: '', timeoutSeconds: 0, admissionReviewVersions: [x]}]}",
			"{apiVersion: admissionregistration.k8s.io/v1, kind: MutatingWebhookConfiguration, webhooks: [{sideEffects: None, failurePolicy: '', matchPolicy: '', timeoutSeconds: 0, admissionReviewVersions: [x]}]}"},
		"a type is empty": {
			"{apiVersion: apps/v1beta1, kind: StatefulSet, spec: {updateStrategy: {type: ''}}}",
			"{apiVersion: apps/v1, kind: StatefulSet, spec: {updateStrategy: {type: OnDelete}}}"},
		"a metric of the new form": {
			"{apiVersion: autoscaling/v2beta1, kind: HorizontalPodAutoscaler, spec: {scaleTargetRef: x, metrics: [{resource: {target: {}, targetAverageValue: 1}}, {pods: {metric: x}}, {object: {metric: x}}, {external: {target: x}}]}}",
			"{apiVersion: autoscaling/v2, kind: HorizontalPodAutoscaler, spec: {scaleTargetRef: x, metrics: [{resource: {target: {}, targetAverageValue: 1}}, {pods: {metric: x}}, {object: {metric: x}}, {external: {target: x}}]}}"},
		"a backend of both forms": {
			"{apiVersion: extensions/v1beta1, kind: Ingress, spec: {backend: {serviceName: a}, defaultBackend: {}, rules: [{http: {paths: [{pathType: x, backend: {serviceName: a, service: {}}}]}}]}}",
			"{apiVersion: networking.k8s.io/v1, kind: Ingress, spec: {backend: {serviceName: a}, defaultBackend: {}, rules: [{http: {paths: [{pathType: x, backend: {serviceName: a, service: {}}}]}}]}}"},
		"a backend of other types": {
			"{apiVersion: extensions/v1beta1, kind: Ingress, spec: {backend: {serviceName: 7}, rules: [{http: {paths: [{pathType: x, backend: {serviceName: a, servicePort: 1.5}}]}}]}}",
			"{apiVersion: networking.k8s.io/v1, kind: Ingress, spec: {defaultBackend: {serviceName: 7}, rules: [{http: {paths: [{pathType: x, backend: {serviceName: a, servicePort: 1.5}}]}}]}}"},
		"a port without a service": {
			"{apiVersion: extensions/v1beta1, kind: Ingress, spec: {backend: {servicePort: 80}}}",
			"{apiVersion: networking.k8s.io/v1, kind: Ingress, spec: {defaultBackend: {service: {name: '', port: {number: 80}}}}}"},
		"a subject's version is a number": {
			"{apiVersion: rbac.authorization.k8s.io/v1alpha1, kind: RoleBinding, subjects: [{kind: User, name: a, apiVersion: 1}]}",
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, subjects: [{kind: User, name: a, apiVersion: 1}]}"},
		"a subject of another group": {
			"{apiVersion: rbac.authorization.k8s.io/v1alpha1, kind: RoleBinding, subjects: [{kind: Robot, name: a, apiVersion: example.com/v1}]}",
			"{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, subjects: [{kind: Robot, name: a, apiGroup: example.com}]}"},
		"a schedule with two time zones": {
			"{apiVersion: batch/v1beta1, kind: CronJob, spec: {schedule: TZ=UTC @daily, timeZone: UTC}}",
			"{apiVersion: batch/v1, kind: CronJob, spec: {schedule: TZ=UTC @daily, timeZone: UTC}}"},
		"a schedule with a time zone alone": {
			"{apiVersion: batch/v1beta1, kind: CronJob, spec: {schedule: TZ=UTC}}",
			"{apiVersion: batch/v1, kind: CronJob, spec: {schedule: TZ=UTC}}"},
		"a definition without a spec": {
			"{apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition, spec: text}",
			"{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: text}"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := one(t, test.old)
			if want := fixture.Objects(t, test.want)[0]; !equality.Semantic.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got.Object, want.Object)
			}
		})
	}
}

// TestHopelessSchema ends with one that allows everything, not with one that
// the server refuses.
func TestHopelessSchema(t *testing.T) {
	got, change := one(t, `{apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition,
		spec: {group: a, version: v1, names: {plural: b, kind: B}, scope: Cluster, validation: {openAPIV3Schema: {type: array, items: {type: string}}}}}`)
	versions, _, _ := unstructured.NestedSlice(got.Object, "spec", "versions")
	want := fixture.Objects(t, "{apiVersion: v1, kind: x, openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}")[0].Object["openAPIV3Schema"]
	schema, _, _ := unstructured.NestedMap(versions[0].(map[string]any), "schema", "openAPIV3Schema")
	if !equality.Semantic.DeepEqual(schema, want) || change.Notes[0] != "the schema allows everything: v1 cannot express the old one" {
		t.Errorf("%v, %v", schema, change.Notes)
	}
}

// TestWrongDefinition is told at once: what the server says would be about
// fields that have moved.
func TestWrongDefinition(t *testing.T) {
	for spec, want := range map[string]string{
		"{group: a}": "cannot read spec as v1beta1: it has no version; fix it",
		"{group: a, version: v1, conversion: {strategy: Webhook, webhookClientConfig: {service: {name: x, namespace: true}}}}": "cannot unmarshal bool",
	} {
		old := fixture.Objects(t, "{apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition, spec: "+spec+"}")[0]
		if _, _, err := Upgrade(old, today(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", spec, err, want)
		}
	}
}

// TestPlaceholderBundle leaves out a bundle of no certificate, which v1 would
// not establish the definition with.
func TestPlaceholderBundle(t *testing.T) {
	for bundle, stays := range map[string]bool{"Cg==": false, "Zm9v": false, certificate(t): true} {
		old := fixture.Objects(t, "{apiVersion: apiextensions.k8s.io/v1beta1, kind: CustomResourceDefinition, spec: {group: a, version: v1, names: {plural: as, kind: A}, "+
			"conversion: {strategy: Webhook, webhookClientConfig: {caBundle: "+bundle+", service: {name: x, namespace: y1}}}}}")[0]
		got, change, err := Upgrade(old, today(t))
		if err != nil {
			t.Fatal(err)
		}
		_, found, _ := unstructured.NestedString(got.Object, "spec", "conversion", "webhook", "clientConfig", "caBundle")
		noted := slices.ContainsFunc(change.Notes, func(note string) bool { return strings.Contains(note, "caBundle") })
		if found != stays || noted == stays {
			t.Errorf("%s: stays %t, noted %t", bundle, found, noted)
		}
	}
}

// certificate gives one that nobody has signed but itself, as a bundle.
func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
