package samples

import (
	"context"
	"fmt"
	"slices"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

const installFirst = "install it first with 'kubectl istio-demo install'"

// running refuses a cluster on which no istiod is ready: the CRDs alone, which an
// uninstall may have kept, are no mesh. Whoever may not look gets the benefit of
// the doubt.
func (s *Install) running(ctx context.Context) error {
	pods, err := s.Cluster.Core.Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{LabelSelector: "istio=pilot"})
	switch {
	case apierrors.IsForbidden(err):
		return nil
	case err != nil:
		return fmt.Errorf("cannot list the pods of istiod: %w", err)
	case slices.ContainsFunc(pods.Items, isReady):
		return nil
	}
	if elsewhere, err := s.injectedFromElsewhere(ctx); err != nil || elsewhere {
		return err
	}
	refused := preflight.Result{Message: "Istio is not running: no pod of istiod found", Remedy: installFirst}
	if len(pods.Items) > 0 {
		pod := pods.Items[0]
		refused.Message = fmt.Sprintf("Istio is not running: pod %s/%s is not ready", pod.Namespace, pod.Name)
		refused.Remedy = fmt.Sprintf("'%s' says why", shell.Demo("status", pod.Namespace))
	}
	return &preflight.RefusedError{Failed: []preflight.Result{refused}}
}

// isReady reports whether a pod serves.
func isReady(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(condition corev1.PodCondition) bool {
		return condition.Type == corev1.PodReady && condition.Status == corev1.ConditionTrue
	})
}

// injectedFromElsewhere reports whether istiod runs outside of the cluster, as far
// as the user may see.
func (s *Install) injectedFromElsewhere(ctx context.Context) (bool, error) {
	hooks, err := s.Cluster.Admission.MutatingWebhookConfigurations().List(ctx, metav1.ListOptions{LabelSelector: injectors})
	if err != nil {
		if apierrors.IsForbidden(err) {
			err = nil
		}
		return false, err
	}
	return slices.ContainsFunc(hooks.Items, func(configuration admissionv1.MutatingWebhookConfiguration) bool {
		return slices.ContainsFunc(configuration.Webhooks, func(webhook admissionv1.MutatingWebhook) bool { return webhook.ClientConfig.URL != nil })
	}), nil
}
