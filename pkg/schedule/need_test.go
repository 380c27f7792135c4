package schedule

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// TestMounts finds everything that the kubelet waits for.
func TestMounts(t *testing.T) {
	w, has := workloadOf(fixture.Object(t, fixture.Workload("Deployment", "mesh", "web", `volumes: [
      {name: a, configMap: {name: volume}},
      {name: b, configMap: {name: optional-volume, optional: true}},
      {name: c, secret: {secretName: secret-volume}},
      {name: d, secret: {secretName: optional-secret, optional: true}},
      {name: e, projected: {sources: [
        {configMap: {name: projected}}, {secret: {name: secret-projected}},
        {secret: {name: optional, optional: true}}, {serviceAccountToken: {path: token}}]}},
      {name: f, emptyDir: {}}]`, `initContainers: [{
      name: first, image: first,
      envFrom: [{configMapRef: {name: from}}, {secretRef: {name: secret-from}}, {secretRef: {name: optional, optional: true}}],
      env: [
        {name: A, valueFrom: {configMapKeyRef: {name: key, key: a}}},
        {name: B, valueFrom: {secretKeyRef: {name: secret-key, key: b}}},
        {name: C, valueFrom: {secretKeyRef: {name: optional, key: c, optional: true}}},
        {name: D, valueFrom: {configMapKeyRef: {name: volume, key: a}}},
        {name: E, value: e}]}]`)))
	if !has {
		t.Fatal("it is no workload")
	}
	var got []string
	for _, ref := range w.mounts() {
		if ref.Namespace != "mesh" {
			t.Errorf("%s is in another namespace", ref)
		}
		got = append(got, ref.Kind+" "+ref.Name)
	}
	want := []string{
		"ConfigMap volume", "Secret secret-volume", "ConfigMap projected", "Secret secret-projected",
		"ConfigMap from", "Secret secret-from", "ConfigMap key", "Secret secret-key",
	}
	if !slices.Equal(got, want) {
		t.Errorf("it mounts %q, want %q", got, want)
	}
}

// TestHasPods knows what starts pods when it is created.
func TestHasPods(t *testing.T) {
	template := "spec: {template: {spec: {containers: [{name: a, image: a}]}}}"
	for object, want := range map[string]bool{
		"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a}\n" + template:                                                      true,
		"apiVersion: batch/v1\nkind: Job\nmetadata: {name: a}\n" + template:                                                           true,
		"apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: a}]}":                                   true,
		"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {" + template + "}}":                           false,
		"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\nspec: {maxReplicas: 2}":                      false,
		"apiVersion: v1\nkind: PodTemplate\nmetadata: {name: a}\n" + strings.TrimSuffix(strings.TrimPrefix(template, "spec: {"), "}"): false,
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: {}}}}":                      false,
	} {
		if got := HasPods(fixture.Object(t, object)); got != want {
			t.Errorf("%s: %t", object, got)
		}
	}
}

// TestWhy says what a batch waits for.
func TestWhy(t *testing.T) {
	needs := func(all ...string) []Need {
		var found []Need
		for _, one := range all {
			name, writer, _ := strings.Cut(one, " ")
			need := Need{Writer: writer}
			need.Object.Kind, need.Object.Name = "Secret", name
			found = append(found, need)
		}
		return found
	}
	for _, test := range []struct {
		batch Batch
		want  string
	}{
		{Batch{Needs: needs("a citadel")}, "waiting for Secret a, which citadel writes"},
		{Batch{Needs: needs("a")}, "waiting for Secret a"},
		{Batch{Needs: needs("a citadel", "b citadel"), Behind: []int{1}}, "waiting for Secret a and Secret b, which citadel writes"},
		{Batch{Needs: needs("a citadel", "b")}, "waiting for Secret a and Secret b"},
		{Batch{Behind: []int{7}}, "waiting until the pods of w7 begin to start"},
		{Batch{Behind: []int{1, 2, 3}}, "waiting until the pods of w1, w2 and w3 begin to start"},
		{Batch{Behind: []int{1, 2, 3, 4}}, "waiting until the pods of w1, w2 and 2 more begin to start"},
	} {
		if got := test.batch.Why(func(n int) string { return fmt.Sprint("w", n) }); got != test.want {
			t.Errorf("it says %q, want %q", got, test.want)
		}
	}
}
