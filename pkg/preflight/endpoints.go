package preflight

import (
	"context"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// silent warns of webhooks that would judge what is written, and whose Services
// have no ready endpoints: the API server rejects that until they have. Pods of
// foreign ones are left to probe, which sees more.
func silent(ctx context.Context, s *survey, hooks []hook, writes []write) ([]Result, error) {
	results := make([]Result, len(hooks))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	asked := map[[2]string]bool{}
	for i, hook := range hooks {
		own := s.Services[hook.serviceName()]
		n := slices.IndexFunc(writes, func(write write) bool { return (own || write.resource != podResource) && hook.matches(write) })
		once := [2]string{hook.configuration, hook.serviceName()}
		if hook.service == nil || n < 0 || asked[once] {
			continue
		}
		asked[once] = true
		group.Go(func() error {
			list, err := s.Dynamic.Resource(slicesResource).Namespace(hook.service.Namespace).
				List(ctx, metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + hook.service.Name})
			if err != nil {
				_, err = unseen("endpointslices", err) // hidden ones get the benefit of the doubt
				return err
			}
			for i := range list.Items {
				if hasReadyEndpoint(&list.Items[i]) {
					return nil
				}
			}
			results[i] = hook.silence(writes[n], own)
			return nil
		})
	}
	err := group.Wait()
	return slices.DeleteFunc(results, func(result Result) bool { return result.Message == "" }), err
}

// silence is the warning of a webhook without endpoints.
func (h hook) silence(write write, own bool) Result {
	remedy := "check its pods ('kubectl get pods,services" + shell.In(h.service.Namespace) + "'): until one is ready, the API server rejects these objects"
	if own {
		remedy = "install brings its pods back; if the API server rejects these objects before they are ready, rerun install"
	}
	return Result{
		Verdict: Warn,
		Message: fmt.Sprintf("service %s of %s %s has no ready endpoints and has to judge %s (webhook %s)",
			h.serviceName(), h.kind, h.configuration, write.what(), h.name),
		Remedy: remedy,
	}
}
