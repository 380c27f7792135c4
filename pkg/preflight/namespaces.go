package preflight

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var namespaceResource = schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}

// namespaces looks whether those that objects go to exist or will be created,
// and whether one of them is being deleted, which lets nothing new in.
func namespaces(ctx context.Context, subject Subject) ([]Result, error) {
	found := make([]*metav1.PartialObjectMetadata, len(subject.Namespaces))
	hidden := make([]bool, len(subject.Namespaces))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(32)
	for i, name := range subject.Namespaces {
		group.Go(func() error {
			namespace, err := subject.Metadata.Resource(namespaceResource).Get(groupCtx, name, metav1.GetOptions{})
			switch {
			case apierrors.IsForbidden(err):
				// Whoever may not look at a namespace may still work in it.
				hidden[i] = true
			case err == nil:
				found[i] = namespace
			case !apierrors.IsNotFound(err):
				return fmt.Errorf("cannot read namespace %s: %w", name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var missing, created []string
	var results []Result
	for i, name := range subject.Namespaces {
		namespace := found[i]
		switch {
		case hidden[i]:
		case namespace == nil && subject.Creates[name]:
			created = append(created, name)
		case namespace == nil:
			missing = append(missing, name)
		case namespace.DeletionTimestamp != nil:
			results = append(results, Result{
				Verdict: Fail,
				Name:    "namespaces",
				Message: fmt.Sprintf("namespace %s is being deleted since %s", name, namespace.DeletionTimestamp.UTC().Format("2006-01-02 15:04:05 MST")),
				Remedy:  fmt.Sprintf("wait until it is gone ('kubectl wait --for=delete namespace/%s') and run the same command again", name),
			})
		}
	}
	if len(missing) > 0 {
		results = append(results, Result{
			Verdict: Fail,
			Name:    "namespaces",
			Message: fmt.Sprintf("namespace %s does not exist and the manifest does not bring it", strings.Join(missing, ", ")),
			Remedy:  fmt.Sprintf("create it first ('kubectl create namespace %s')", missing[0]),
		})
	}
	if len(created) > 0 {
		denied, err := deniedOf(ctx, subject, []need{
			{verb: "create", resource: "namespaces"},
			{verb: "patch", resource: "namespaces"},
		})
		if err != nil {
			return nil, err
		}
		results = append(results, deniedResult(denied)...)
	}
	return results, nil
}
