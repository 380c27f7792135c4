package preflight

import (
	"context"

	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
)

// Permissions asks whether the user may do all of the verbs with each of the
// uses, and gives a failing result if not. The error is the API server's.
func Permissions(ctx context.Context, client authorization.AuthorizationV1Interface, uses []Use, verbs []string) ([]Result, error) {
	subject := Subject{Authorization: client}
	all, err := allowed(ctx, subject, need{verb: "*", group: "*", resource: "*"})
	if err != nil || all {
		return nil, err
	}
	var needs []need
	for _, use := range uses {
		needs = append(needs, needsOfUse(use, verbs)...)
	}
	denied, err := deniedOf(ctx, subject, needs)
	if err != nil || len(denied) == 0 {
		return nil, err
	}
	return deniedResult(denied), nil
}
