package preflight

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// attempt is a pod to try out, and the webhooks that it is for.
type attempt struct {
	namespace string
	labels    map[string]string
	hooks     []hook
}

// probe has the API server create pods that it does not store, as webhooks can
// be reached or not only from there. Without a webhook that it would have to
// call, no pod is tried. Whatever else the server says about these pods, such
// as that a quota is used up, is not what was asked.
func probe(ctx context.Context, s *survey, hooks []hook, places map[string]place) []Result {
	attempts := attemptsOf(s, hooks, places)
	found := make([][]Result, len(attempts))
	slots := make(chan struct{}, parallel)
	var group sync.WaitGroup
	for i, attempt := range attempts {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			options := metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}}
			_, err := s.Core.Pods(attempt.namespace).Create(ctx, trial(attempt.labels), options)
			found[i] = attempt.judge(err)
		})
	}
	group.Wait()
	return slices.Concat(found...)
}

// attemptsOf returns as few pods as reach all webhooks that the workloads' pods
// will come to. In a namespace that does not exist nothing can be tried.
func attemptsOf(s *survey, hooks []hook, places map[string]place) []attempt {
	type call struct{ namespace, kind, configuration, name string }
	called := map[call]bool{}
	var attempts []attempt
	for _, workload := range s.Workloads {
		if place := places[workload.Namespace]; place.found == nil && !place.hidden {
			continue
		}
		pod := podOf(s, workload, places)
		attempt := attempt{namespace: workload.Namespace, labels: workload.Pod.Labels}
		for _, hook := range hooks {
			call := call{workload.Namespace, hook.kind, hook.configuration, hook.name}
			if hook.matches(pod) && !called[call] {
				called[call] = true
				attempt.hooks = append(attempt.hooks, hook)
			}
		}
		if len(attempt.hooks) > 0 {
			attempts = append(attempts, attempt)
		}
	}
	return attempts
}

// failedCall is how the API server tells of a webhook that it cannot reach
// (apiserver/pkg/util/webhook, ErrCallingWebhook).
var failedCall = regexp.MustCompile(`failed calling webhook "([^"]+)".*`)

// judge returns a result if the server could not call one of the webhooks. It
// names the first only. One that was not meant is the manifest's own.
func (a attempt) judge(err error) []Result {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return nil
	}
	said := failedCall.FindStringSubmatch(status.Status().Message)
	if said == nil {
		return nil
	}
	i := slices.IndexFunc(a.hooks, func(hook hook) bool { return hook.name == said[1] })
	if i < 0 {
		return nil
	}
	hook := a.hooks[i]
	remedy := "check that its backend is running and that no firewall blocks the API server"
	if hook.service != nil {
		look := "'kubectl get endpointslices" + shell.In(hook.service.Namespace) + "'"
		remedy = fmt.Sprintf("check that pods of service %s are running (%s) and that the API server can reach port %d of the service", hook.serviceName(), look, hook.port())
	}
	return []Result{{
		Verdict: Fail,
		Message: fmt.Sprintf("cannot create pods in namespace %s: the API server cannot reach a webhook of %s %s: %s",
			a.namespace, hook.kind, hook.configuration, said[0]),
		Remedy: remedy,
	}}
}

// trial is a pod that the strictest of the Pod Security Standards lets in.
func trial(labels map[string]string) *corev1.Pod {
	yes, no := true, false
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "istio-demo-check-", Labels: labels},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   &yes,
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name:  "check",
				Image: "registry.k8s.io/pause:3.10",
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: &no,
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}
