package apply

import (
	"reflect"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/managedfields"
)

func TestYield(t *testing.T) {
	webhooks := func(policy ...string) map[string]any {
		var items []any
		for i, name := range []string{"a.istio.io", "b.istio.io"} {
			item := map[string]any{"name": name, "sideEffects": "None"}
			if policy[i] != "" {
				item["failurePolicy"] = policy[i]
			}
			items = append(items, item)
		}
		return map[string]any{"webhooks": items}
	}
	const failurePolicy = `{"f:webhooks":{"k:{\"name\":\"a.istio.io\"}":{"f:failurePolicy":{}}}}`
	owner := func(manager, operation, fields string) metav1.ManagedFieldsEntry {
		return metav1.ManagedFieldsEntry{
			Manager:   manager,
			Operation: metav1.ManagedFieldsOperationType(operation),
			FieldsV1:  metav1.NewFieldsV1(fields),
		}
	}
	replicas := func(n ...any) map[string]any {
		spec := map[string]any{"paused": false}
		if len(n) > 0 {
			spec["replicas"] = n[0]
		}
		return map[string]any{"spec": spec}
	}
	ports := map[string]any{"spec": map[string]any{"ports": []any{
		map[string]any{"port": int64(80), "protocol": "TCP", "nodePort": int64(30080)},
		map[string]any{"port": int64(443), "protocol": "TCP", "nodePort": int64(30443)},
	}}}
	portsLeft := map[string]any{"spec": map[string]any{"ports": []any{
		map[string]any{"port": int64(80), "protocol": "TCP"},
		map[string]any{"port": int64(443), "protocol": "TCP", "nodePort": int64(30443)},
	}}}
	for _, test := range []struct {
		name         string
		object, want map[string]any
		owners       []metav1.ManagedFieldsEntry
	}{
		{"nobody", webhooks("Ignore", "Ignore"), webhooks("Ignore", "Ignore"), nil},
		{"istiod", webhooks("Ignore", "Ignore"), webhooks("", "Ignore"), []metav1.ManagedFieldsEntry{owner("pilot-discovery", "Update", failurePolicy)}},
		{"a person", webhooks("Ignore", "Ignore"), webhooks("Ignore", "Ignore"), []metav1.ManagedFieldsEntry{owner("kubectl-edit", "Update", failurePolicy)}},
		{"istiod and we", webhooks("Fail", "Ignore"), webhooks("Fail", "Ignore"), []metav1.ManagedFieldsEntry{
			owner("pilot-discovery", "Update", failurePolicy), owner(managedfields.Manager, "Apply", failurePolicy),
		}},
		{"an autoscaler", replicas(int64(1)), replicas(), []metav1.ManagedFieldsEntry{owner("kube-controller-manager", "Update", `{"f:spec":{"f:replicas":{}},"f:status":{"f:x":{}}}`)}},
		{"numbers as keys", ports, portsLeft, []metav1.ManagedFieldsEntry{
			owner("cloud-controller-manager", "Update", `{"f:spec":{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:nodePort":{}}}}}`),
		}},
		{
			"a key that is not written", map[string]any{"ports": []any{map[string]any{"port": int64(80), "nodePort": int64(30080)}}},
			map[string]any{"ports": []any{map[string]any{"port": int64(80)}}},
			[]metav1.ManagedFieldsEntry{owner("cloud-controller-manager", "Update", `{"f:ports":{"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:nodePort":{}}}}`)},
		},
		{"nothing that we have", replicas(int64(1)), replicas(int64(1)), []metav1.ManagedFieldsEntry{owner("kube-controller-manager", "Update", `{"f:spec":{"f:paused":{"f:x":{}}},"f:data":{"k:{}":{}}}`)}},
		{"not JSON", replicas(int64(1)), replicas(int64(1)), []metav1.ManagedFieldsEntry{owner("kube-controller-manager", "Update", `{`), {Manager: "kube-controller-manager"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			object := &unstructured.Unstructured{Object: test.object}
			before := object.DeepCopy()
			got := yield(object, &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{ManagedFields: test.owners}})
			if !reflect.DeepEqual(got.Object, test.want) {
				t.Errorf("got %v, want %v", got.Object, test.want)
			}
			if !reflect.DeepEqual(object, before) {
				t.Error("the manifest's own object was changed")
			}
		})
	}
	object := &unstructured.Unstructured{Object: replicas()}
	if got := yield(object, nil); got != object {
		t.Error("an absent object has no owners")
	}
}
