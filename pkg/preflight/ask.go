package preflight

import (
	"context"
	"sync"

	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
)

// Rights are what the user may do. They can be asked for by many goroutines.
type Rights struct {
	client authorization.AuthorizationV1Interface
	mayAll func() (bool, error)
}

// NewRights asks nothing yet. The context is for MayAll.
func NewRights(ctx context.Context, client authorization.AuthorizationV1Interface) *Rights {
	return &Rights{client, sync.OnceValues(func() (bool, error) {
		return allowed(ctx, client, need{verb: "*", group: "*", resource: "*"})
	})}
}

// MayAll reports whether the user may do everything, which is asked once. The
// error is the API server's.
func (r *Rights) MayAll() (bool, error) { return r.mayAll() }

// Lacking asks whether the user may do all of the verbs with each of the uses,
// and gives a failing result if not. Whoever may do everything is asked no more.
// The error is the API server's.
func (r *Rights) Lacking(ctx context.Context, uses []Use, verbs []string) ([]Result, error) {
	all, err := r.mayAll()
	if err != nil || all {
		return nil, err
	}
	var needs []need
	for _, use := range uses {
		needs = append(needs, needsOfUse(use, verbs)...)
	}
	denied, err := deniedOf(ctx, r.client, needs)
	if err != nil || len(denied) == 0 {
		return nil, err
	}
	return deniedResult(denied), nil
}

// Permissions is Lacking for those who ask once.
func Permissions(ctx context.Context, client authorization.AuthorizationV1Interface, uses []Use, verbs []string) ([]Result, error) {
	return NewRights(ctx, client).Lacking(ctx, uses, verbs)
}
