package manifest_test

import (
	"slices"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
)

const pulling = `
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  initContainers: [{name: before, image: "example.com/init:1"}]
  containers: [{name: a, image: "example.com/pod:1"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec: {template: {spec: {containers: [{name: a, image: "example.com/deployment:1"}, {name: b, image: auto}, {name: c}]}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: a}
spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a, image: "example.com/job:1"}]}}}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: wrong}
spec: {template: {spec: {containers: none}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data: {image: "example.com/none:1"}
`

func TestImages(t *testing.T) {
	content, err := decode.Decode("pulling.yaml", []byte(pulling), true)
	if err != nil {
		t.Fatal(err)
	}
	read := manifest.Manifest{Objects: content.Objects, Injected: []string{"example.com/proxy:1", "example.com/pod:1"}}
	want := []string{"example.com/deployment:1", "example.com/init:1", "example.com/job:1", "example.com/pod:1", "example.com/proxy:1"}
	if got := read.Images(); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
