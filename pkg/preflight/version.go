package preflight

import (
	"context"
	"fmt"

	utilversion "k8s.io/apimachinery/pkg/util/version"
)

// release compares the API server's version with the oldest one that will do.
func release(_ context.Context, s *survey) ([]Result, error) {
	if s.MinimumVersion == "" {
		return passed("the manifest has no minimum Kubernetes version"), nil
	}
	oldest, err := utilversion.ParseGeneric(s.MinimumVersion)
	if err != nil {
		return nil, err
	}
	server, err := s.running()
	if err != nil {
		return nil, fmt.Errorf("cannot get the API server's version: %w", err)
	}
	// Vendors append to the version, which does not make it older.
	running, err := utilversion.ParseGeneric(server.GitVersion)
	if err != nil {
		return notChecked(fmt.Sprintf("cannot parse version %q", server.GitVersion)), nil
	}
	if running.LessThan(oldest) {
		return []Result{{
			Verdict: Fail,
			Message: fmt.Sprintf("the cluster runs Kubernetes %s, but %s or newer is required", server.GitVersion, s.MinimumVersion),
			Remedy:  "upgrade the cluster, or install the manifest of an older Istio with -f",
		}}, nil
	}
	return passed(fmt.Sprintf("the cluster runs Kubernetes %s; %s or newer is required", server.GitVersion, s.MinimumVersion)), nil
}
