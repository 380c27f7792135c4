package preflight

import (
	"context"

	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
)

// Permissions asks whether the user may do all of the verbs with each of the
// uses, and gives one failing result if not.
func Permissions(ctx context.Context, client authorization.AuthorizationV1Interface, uses []Use, verbs []string) ([]Result, error) {
	subject := Subject{Authorization: client}
	all, err := allowed(ctx, subject, need{verb: "*", group: "*", resource: "*"})
	if err != nil || all {
		return nil, err
	}
	var needs []need
	for _, use := range uses {
		for _, verb := range verbs {
			needs = append(needs, need{verb: verb, group: use.Resource.Group, resource: use.Resource.Resource, namespace: use.Namespace})
		}
	}
	denied, err := deniedOf(ctx, subject, needs)
	return deniedResult(denied), err
}
