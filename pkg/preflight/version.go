package preflight

import (
	"context"
	"fmt"

	utilversion "k8s.io/apimachinery/pkg/util/version"
)

// release compares the API server's version with the oldest one that will do.
func release(_ context.Context, s *survey) ([]Result, error) {
	if s.MinimumVersion == "" {
		return passed("the manifest does not say which Kubernetes it needs"), nil
	}
	oldest, err := utilversion.ParseGeneric(s.MinimumVersion)
	if err != nil {
		return nil, err
	}
	server, err := s.running()
	if err != nil {
		return nil, fmt.Errorf("cannot ask for the API server's version: %w", err)
	}
	// Vendors append to the version, which does not make it older.
	running, err := utilversion.ParseGeneric(server.GitVersion)
	if err != nil {
		return passed(fmt.Sprintf("it cannot be told, because the version %q cannot be read", server.GitVersion)), nil
	}
	if running.LessThan(oldest) {
		return []Result{{
			Verdict: Fail,
			Message: fmt.Sprintf("the cluster runs Kubernetes %s, and %s or newer is needed", server.GitVersion, s.MinimumVersion),
			Remedy:  "upgrade the cluster, or give the manifest of an older Istio with -f",
		}}, nil
	}
	return passed(fmt.Sprintf("the cluster runs Kubernetes %s; %s or newer is needed", server.GitVersion, s.MinimumVersion)), nil
}
