package cmd

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// TestCoreMapper asks for kinds by the names that kubectl takes.
func TestCoreMapper(t *testing.T) {
	mapper := coreMapper()
	for name, want := range map[string]string{
		"po": "Pod", "pod": "Pod", "pods": "Pod",
		"svc": "Service", "rc": "ReplicationController", "deploy": "Deployment", "deployment": "Deployment",
		"sts": "StatefulSet", "ds": "DaemonSet", "rs": "ReplicaSet", "replicasets": "ReplicaSet", "job": "Job",
	} {
		kind, err := mapper.KindFor(schema.GroupVersionResource{Resource: name})
		if err != nil || kind.Kind != want {
			t.Errorf("%s is %v, %v", name, kind, err)
			continue
		}
		if _, err := mapper.RESTMapping(kind.GroupKind(), kind.Version); err != nil {
			t.Errorf("%s has no resource: %v", name, err)
		}
	}
	for _, name := range []string{"", "all", "nodes", "j"} {
		if kind, err := mapper.KindFor(schema.GroupVersionResource{Resource: name}); err == nil {
			t.Errorf("%q is %s", name, kind)
		}
	}
}
