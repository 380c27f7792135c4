// Package played does on test clusters what programs do whose pods are only
// simulated.
package played

import (
	"context"
	"fmt"
	"os"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/follow"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// Istiod writes the ConfigMap that gateways mount as soon as istio-system exists,
// so that an install has nothing to wait for there, as on a cluster where
// images are present. It goes on until the returned function has ended it.
func Istiod(kubeconfig string) (end func(), err error) {
	config, err := cluster.RESTConfig(kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("cannot play istiod: %w", err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("cannot play istiod: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	namespaces := client.CoreV1().Namespaces()
	only := func(options *metav1.ListOptions) { options.FieldSelector = "metadata.name=istio-system" }
	follower := &follow.Follower[*corev1.Namespace]{
		What:     "namespaces",
		Informer: follow.Informer(&corev1.Namespace{}, namespaces.List, namespaces.Watch, only),
		Seen: func(namespace *corev1.Namespace, _ bool) {
			if err := writeRootCertificate(ctx, client, namespace); err != nil {
				fmt.Fprintln(os.Stderr, "istiod, as it is played:", err)
			}
		},
		Gone: func(*corev1.Namespace) {},
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = follower.Run(ctx) // what it may not see is not there
	}()
	return func() {
		stop()
		<-ended
	}, nil
}

func writeRootCertificate(ctx context.Context, client kubernetes.Interface, namespace *corev1.Namespace) error {
	if namespace.DeletionTimestamp != nil {
		return nil
	}
	written := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "istio-ca-root-cert", Labels: map[string]string{"istio.io/config": "true"}},
		Data:       map[string]string{"root-cert.pem": "played"},
	}
	_, err := client.CoreV1().ConfigMaps(namespace.Name).Create(ctx, written, metav1.CreateOptions{FieldManager: "pilot-discovery"})
	if apierrors.IsAlreadyExists(err) || apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || ctx.Err() != nil {
		return nil // or the namespace goes
	}
	return err
}
