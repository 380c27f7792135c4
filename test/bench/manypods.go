package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

const (
	// podWriters is how many pods are created at once.
	podWriters = 32
	// podsTimeout bounds how long kwok may take to run them.
	podsTimeout = 15 * time.Minute
)

// tables shows a table of many pods, with ours and with kubectl in turn.
func (l *lab) tables(ctx context.Context, control *cluster.Cluster, scale *report.Scale) error {
	config, err := cluster.RESTConfig(control.Kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := createPods(ctx, client, scale.Pods); err != nil {
		return err
	}
	if err := allRun(ctx, client, scale.Pods); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d pods run after %.0f s\n", scale.Pods, time.Since(began).Seconds())
	for _, rtt := range scale.RTTs {
		if err := l.tablesAt(ctx, control, scale, rtt); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) tablesAt(ctx context.Context, control *cluster.Cluster, scale *report.Scale, rtt int) (err error) {
	session, err := l.open(control, rtt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.close()) }()
	compared := showers[:2]
	for _, shower := range compared {
		if _, err := session.run(ctx, shower.command); err != nil { // fills the cache
			return err
		}
	}
	for round := range scale.Rounds {
		for _, shower := range compared {
			found, err := session.run(ctx, shower.command)
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "round %d, RTT %d ms, %d pods: %-20s %7.2f s to the first, %7.2f s to the last\n", round+1, rtt, scale.Pods, shower.name, found.FirstRow, found.Seconds)
			scale.Tables = append(scale.Tables, report.Shown{Tool: shower.name, RTT: rtt, Round: round + 1, First: found.FirstRow, Last: found.Seconds, PeakBytes: found.PeakBytes})
		}
	}
	return nil
}

// createPods creates pods that need no scheduler: each says its node.
func createPods(ctx context.Context, client kubernetes.Interface, pods int) error {
	space := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	if _, err := client.CoreV1().Namespaces().Create(ctx, space, metav1.CreateOptions{}); err != nil {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "many"}}
	if _, err := client.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	list, err := client.CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	if len(list.Items) == 0 {
		return errors.New("there are no nodes")
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(podWriters)
	for i := range pods {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("web-%05d", i), Labels: map[string]string{"app": "web"}},
			Spec: corev1.PodSpec{
				NodeName: list.Items[i%len(list.Items)].Name, ServiceAccountName: account.Name,
				Containers: []corev1.Container{{Name: "web", Image: "registry.example.com/web:1"}},
			},
		}
		group.Go(func() error {
			_, err := client.CoreV1().Pods(namespace).Create(ctx, pod, metav1.CreateOptions{})
			return err
		})
	}
	return group.Wait()
}

// allRun waits until so many pods run.
func allRun(ctx context.Context, client kubernetes.Interface, pods int) error {
	ctx, cancel := context.WithTimeout(ctx, podsTimeout)
	defer cancel()
	source := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "pods", namespace, fields.Everything())
	running := map[types.UID]bool{}
	_, err := watchtools.UntilWithSync(ctx, source, &corev1.Pod{}, nil, func(event watch.Event) (bool, error) {
		if pod, isPod := event.Object.(*corev1.Pod); isPod && pod.Status.Phase == corev1.PodRunning {
			running[pod.UID] = true
		}
		return len(running) >= pods, nil
	})
	if err != nil {
		return fmt.Errorf("%d of %d pods run: %w", len(running), pods, err)
	}
	return nil
}
