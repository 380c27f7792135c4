package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// need is one verb on one resource.
type need struct {
	verb, group, resource, namespace string
}

// String gives "patch deployments.apps in namespace istio-system".
func (n need) String() string {
	resource := n.resource
	if n.group != "" {
		resource += "." + n.group
	}
	if n.namespace == "" {
		return n.verb + " " + resource
	}
	return fmt.Sprintf("%s %s in namespace %s", n.verb, resource, n.namespace)
}

// permissions asks whether the user may do what the install will do. One
// request is enough for users who may do anything; the others cost one for
// each verb and resource, all at once.
func permissions(ctx context.Context, subject Subject) ([]Result, error) {
	all, err := allowed(ctx, subject, need{verb: "*", group: "*", resource: "*"})
	if err != nil || all {
		return nil, err
	}
	denied, err := deniedOf(ctx, subject, needsOf(subject))
	return deniedResult(denied), err
}

// deniedOf asks for all needs at once and gives those that are denied.
func deniedOf(ctx context.Context, subject Subject, needs []need) ([]string, error) {
	answers := make([]bool, len(needs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i, need := range needs {
		group.Go(func() error {
			ok, err := allowed(ctx, subject, need)
			answers[i] = ok
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var denied []string
	for i, need := range needs {
		if !answers[i] {
			denied = append(denied, need.String())
		}
	}
	return denied, nil
}

// deniedResult is empty where nothing is denied.
func deniedResult(denied []string) []Result {
	if len(denied) == 0 {
		return nil
	}
	return []Result{{
		Verdict: Fail,
		Name:    "permissions",
		Message: "you have no permission to " + shortList(denied),
		Remedy:  "ask your cluster's administrator, or use a --context that may; 'kubectl auth can-i --list' shows what you may do",
	}}
}

// needsOf gives what an install asks of the cluster. Server-side apply of an
// absent object needs create besides patch (KEP-555).
func needsOf(subject Subject) []need {
	verbs := []string{"get", "create", "patch"}
	if subject.Watches {
		verbs = append(verbs, "list", "watch")
	}
	var needs []need
	for _, use := range subject.Uses {
		for _, verb := range verbs {
			if (verb == "list" || verb == "watch") && !awaited(use.Resource) {
				continue
			}
			needs = append(needs, need{verb, use.Resource.Group, use.Resource.Resource, use.Namespace})
		}
	}
	slices.SortFunc(needs, func(a, b need) int { return strings.Compare(a.String(), b.String()) })
	return needs
}

// waitedFor are the resources that are not ready as soon as they are stored.
var waitedFor = map[string]bool{
	"customresourcedefinitions": true,
	"daemonsets":                true,
	"deployments":               true,
	"jobs":                      true,
	"persistentvolumeclaims":    true,
	"poddisruptionbudgets":      true,
	"pods":                      true,
	"replicasets":               true,
	"statefulsets":              true,
}

// awaited tells whether objects of a resource may have to be watched; custom
// resources may, because some of them have a status.
func awaited(resource schema.GroupVersionResource) bool {
	custom := strings.Contains(resource.Group, ".") && !strings.HasSuffix(resource.Group, ".k8s.io")
	return custom || waitedFor[resource.Resource]
}

func allowed(ctx context.Context, subject Subject, n need) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb:      n.verb,
				Group:     n.group,
				Resource:  n.resource,
				Namespace: n.namespace,
			},
		},
	}
	answer, err := subject.Authorization.SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("cannot ask for permissions: %w", err)
	}
	return answer.Status.Allowed, nil
}

// shortList names the first few and counts the rest.
func shortList(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
