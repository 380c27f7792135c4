package preflight

import (
	"context"
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// namespaces looks whether those that objects go to exist or will be created,
// and whether one of them is being deleted, which lets nothing new in.
func namespaces(ctx context.Context, s *survey) ([]Result, error) {
	places, err := s.places()
	if err != nil {
		return nil, err
	}
	var missing, created, hidden []string
	var results []Result
	for _, name := range s.Namespaces {
		_, creates := s.Creates[name]
		switch place := places[name]; {
		case place.hidden:
			hidden = append(hidden, name)
		case place.found == nil && creates:
			created = append(created, name)
		case place.found == nil:
			missing = append(missing, name)
		case place.found.DeletionTimestamp != nil:
			results = append(results, deletedNamespace(name, *place.found.DeletionTimestamp))
		}
	}
	if len(missing) > 0 {
		results = append(results, missingNamespaces(missing))
	}
	denied, err := deniedNamespaces(ctx, s, created)
	if err != nil {
		return nil, err
	}
	results = append(results, deniedResult(denied)...)
	if len(results) == 0 && len(hidden) > 0 {
		return notChecked("no permission to read " + shortList(hidden)), nil
	}
	if len(results) == 0 {
		return passed(goodNamespaces(s, created)), nil
	}
	return results, nil
}

func deletedNamespace(name string, since metav1.Time) Result {
	return Result{
		Verdict: Fail,
		Message: fmt.Sprintf("namespace %s has been terminating since %s", name, since.UTC().Format("2006-01-02 15:04:05 MST")),
		Remedy:  "wait for its deletion ('" + shell.Line("kubectl wait --for=delete namespace/{}", name) + "'), then rerun the same command",
	}
}

func missingNamespaces(names []string) Result {
	return Result{
		Verdict: Fail,
		Message: fmt.Sprintf("namespace %s does not exist and is not in the manifest", strings.Join(names, ", ")),
		Remedy:  "create it first ('" + shell.Line("kubectl create namespace {}", names[0]) + "')",
	}
}

// deniedNamespaces asks whether namespaces may be created.
func deniedNamespaces(ctx context.Context, s *survey, created []string) ([]string, error) {
	if len(created) == 0 {
		return nil, nil
	}
	if all, err := s.Rights.MayAll(); err != nil || all {
		return nil, err
	}
	return deniedOf(ctx, s.Rights.client, []need{
		{verb: "create", resource: "namespaces", names: created},
		{verb: "patch", resource: "namespaces", names: created},
	})
}

func goodNamespaces(s *survey, created []string) string {
	switch {
	case len(s.Namespaces) == 0:
		return "no namespaced objects"
	case len(created) > 0:
		return "to be created: " + shortList(created)
	}
	return "existing: " + shortList(s.Namespaces)
}
