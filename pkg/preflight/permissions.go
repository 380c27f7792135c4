package preflight

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// need is one verb on one resource: on all of its objects, or on one.
type need struct {
	verb, group, resource, namespace, name string
	// names are the objects that the verb is really needed for.
	names []string
}

// String returns "patch deployments.apps in namespace istio-system", or "patch
// deployments.apps/istiod in namespace istio-system" for one object.
func (n need) String() string {
	what := n.resource
	if n.group != "" {
		what += "." + n.group
	}
	if n.name != "" {
		what += "/" + n.name
	}
	if n.namespace == "" {
		return n.verb + " " + what
	}
	return fmt.Sprintf("%s %s in namespace %s", n.verb, what, n.namespace)
}

// permissions asks whether the user may do what the install will do. One
// request is enough for users who may do anything; the others cost one for
// each verb and resource, all at once.
func permissions(ctx context.Context, s *survey) ([]Result, error) {
	all, err := s.Rights.MayAll()
	if err != nil {
		return nil, err
	}
	if all {
		return passed("you have full access"), nil
	}
	denied, err := deniedOf(ctx, s.Rights.client, needsOf(s.Subject))
	if err != nil {
		return nil, err
	}
	results := deniedResult(denied)
	for i := range results {
		if s.Roles != "" {
			results[i].Remedy = "ask your cluster administrator for the roles that '" + s.Roles + "' prints with the same flags, or use another --context"
		}
	}
	if len(results) > 0 {
		return results, nil
	}
	return passed("you have all required permissions"), nil
}

// deniedOf returns the needs that are denied. Roles can be limited to objects of
// certain names (resourceNames), and say no where no name is given, so that
// what is denied for all objects is asked again for each.
func deniedOf(ctx context.Context, client authorization.AuthorizationV1Interface, needs []need) ([]string, error) {
	answers, err := ask(ctx, client, needs)
	if err != nil {
		return nil, err
	}
	var single []need
	for i, need := range needs {
		if answers[i] {
			continue
		}
		for _, name := range need.names {
			need.name = name
			single = append(single, need)
		}
	}
	singly, err := ask(ctx, client, single)
	if err != nil {
		return nil, err
	}
	var denied []string
	for i, need := range needs {
		if answers[i] {
			continue
		}
		of := len(need.names)
		denied = append(denied, deniedNames(need, single[:of], singly[:of])...)
		single, singly = single[of:], singly[of:]
	}
	return denied, nil
}

// deniedNames names the objects that are denied, or only the resource if all
// of them are.
func deniedNames(whole need, single []need, answers []bool) []string {
	if !slices.Contains(answers, true) {
		return []string{whole.String()}
	}
	var denied []string
	for i, need := range single {
		if !answers[i] {
			denied = append(denied, need.String())
		}
	}
	return denied
}

// ask asks for all needs at once.
func ask(ctx context.Context, client authorization.AuthorizationV1Interface, needs []need) ([]bool, error) {
	answers := make([]bool, len(needs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, need := range needs {
		group.Go(func() error {
			ok, err := allowed(ctx, client, need)
			answers[i] = ok
			return err
		})
	}
	return answers, group.Wait()
}

// deniedResult is empty where nothing is denied.
func deniedResult(denied []string) []Result {
	if len(denied) == 0 {
		return nil
	}
	return []Result{{
		Verdict: Fail,
		Message: "no permission to " + shortList(denied),
		Remedy:  "ask your cluster administrator, or use another --context; 'kubectl auth can-i --list' shows your permissions",
	}}
}

// needsOf returns what an install asks of the cluster. Server-side apply of an
// absent object needs create besides patch (KEP-555). It knows the name of
// what it creates, and so create can be limited to names, which it cannot for
// a POST; list and watch are for all objects.
func needsOf(subject Subject) []need {
	var needs []need
	for _, use := range subject.Uses {
		needs = append(needs, needsOfUse(use, verbsOf(subject, use))...)
	}
	slices.SortFunc(needs, func(a, b need) int { return cmp.Compare(a.String(), b.String()) })
	return needs
}

// needsOfUse returns a need for each verb. Roles cannot limit list and watch to
// names; create they can, because server-side apply names what it creates.
func needsOfUse(use Use, verbs []string) []need {
	var names []string
	for _, object := range use.Objects {
		names = append(names, object.Name)
	}
	var needs []need
	for _, verb := range verbs {
		need := need{verb: verb, group: use.Resource.Group, resource: use.Resource.Resource, namespace: use.Namespace}
		if verb != "list" && verb != "watch" {
			need.names = names
		}
		needs = append(needs, need)
	}
	return needs
}

func verbsOf(subject Subject, use Use) []string {
	verbs := []string{"get", "create", "patch"}
	waits := subject.Watches && awaited(use.Resource)
	if subject.Prunes && use.Resource != namespaceResource {
		verbs = append(verbs, "delete") // a namespace is kept where that is denied
	}
	if subject.Prunes || waits {
		verbs = append(verbs, "list")
	}
	if waits {
		verbs = append(verbs, "watch")
	}
	return verbs
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

// awaited reports whether objects of a resource may have to be watched; custom
// resources may, because some of them have a status.
func awaited(resource schema.GroupVersionResource) bool {
	return untyped.IsCustom(resource.Group) || waitedFor[resource.Resource]
}

func allowed(ctx context.Context, client authorization.AuthorizationV1Interface, n need) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Verb:      n.verb,
				Group:     n.group,
				Resource:  n.resource,
				Namespace: n.namespace,
				Name:      n.name,
			},
		},
	}
	answer, err := client.SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
	if err != nil {
		return false, fmt.Errorf("cannot check permissions: %w", err)
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
