// Package preflight looks, before the first write, for what would make an
// install fail. What a check finds has a name, a message and a remedy; it
// changes nothing on the cluster.
package preflight

import (
	"context"
	"sync"

	authorization "k8s.io/client-go/kubernetes/typed/authorization/v1"
	"k8s.io/client-go/metadata"

	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Verdict is what a check comes to.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	Warn Verdict = "warn"
	Fail Verdict = "fail"
)

// Result is what is wrong, as a check found it.
type Result struct {
	// Name is the check's.
	Name    string
	Verdict Verdict
	// Message says in one line what is wrong and where.
	Message string
	// Remedy says what to do about it.
	Remedy string
}

// Use is what an install will do with the objects of one resource in one
// namespace.
type Use struct {
	Resource  schema.GroupVersionResource
	Namespace string
}

// Subject is what the checks look at.
type Subject struct {
	Authorization authorization.AuthorizationV1Interface
	Metadata      metadata.Interface
	// Uses are the resources that are written, without duplicates.
	Uses []Use
	// Namespaces are those that objects go to; Creates tells which of them
	// are created if they do not exist.
	Namespaces []string
	Creates    map[string]bool
	// Watches tells whether readiness is waited for.
	Watches bool
}

// check is one thing to look at. The error is for a cluster that did not
// answer, not for a verdict.
type check func(context.Context, Subject) ([]Result, error)

// Run runs all checks at once. The results come in a fixed order, those that
// pass left out.
func Run(ctx context.Context, subject Subject) ([]Result, error) {
	checks := []check{permissions, namespaces}
	results := make([][]Result, len(checks))
	errs := make([]error, len(checks))
	var group sync.WaitGroup
	for i, check := range checks {
		group.Go(func() { results[i], errs[i] = check(ctx, subject) })
	}
	group.Wait()
	var found []Result
	for i := range checks {
		if errs[i] != nil {
			return nil, errs[i]
		}
		found = append(found, results[i]...)
	}
	return found, nil
}
