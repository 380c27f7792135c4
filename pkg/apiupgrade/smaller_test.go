package apiupgrade

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

// TestRare gives objects that no cluster takes as they are in the fixtures.
func TestRare(t *testing.T) {
	const level = "kind: PriorityLevelConfiguration, metadata: {name: a"
	const kept = ", annotations: {flowcontrol.k8s.io/v1beta3-preserve-zero-concurrency-shares: ''}"
	for name, test := range map[string]struct{ old, want string }{
		"no shares, kept": {
			"{apiVersion: flowcontrol.apiserver.k8s.io/v1beta3, " + level + kept + "}, spec: {limited: {}}}",
			"{apiVersion: flowcontrol.apiserver.k8s.io/v1, " + level + ", annotations: {}}, spec: {limited: {nominalConcurrencyShares: 0}}}"},
		"zero shares, the default": {
			"{apiVersion: flowcontrol.apiserver.k8s.io/v1beta3, " + level + "}, spec: {limited: {nominalConcurrencyShares: 0}}}",
			"{apiVersion: flowcontrol.apiserver.k8s.io/v1, " + level + "}, spec: {limited: {}}}"},
		"groups of a review": {
			"{apiVersion: authorization.k8s.io/v1beta1, kind: SubjectAccessReview, spec: {user: jane, group: [a]}}",
			"{apiVersion: authorization.k8s.io/v1, kind: SubjectAccessReview, spec: {user: jane, groups: [a]}}"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := one(t, test.old)
			if want := fixture.Objects(t, test.want)[0]; !equality.Semantic.DeepEqual(got, want) {
				t.Errorf("got  %v\nwant %v", got.Object, want.Object)
			}
		})
	}
}
