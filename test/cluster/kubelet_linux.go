package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// programLabel tells what a pod runs.
	programLabel = "app"
	// kubeletPeriod is how often pods are looked at, and their probes asked.
	kubeletPeriod = 250 * time.Millisecond
)

// programs gives what pods really run, by their label.
func (c *Cluster) programs() map[string]string {
	programs := map[string]string{"istiod": c.Istiod}
	if c.Observers != "" {
		for _, name := range []string{"jaeger", "prometheus"} {
			programs[name] = filepath.Join(c.Observers, name)
		}
	}
	return programs
}

// really selects the pods of programs.
func really(programs map[string]string) string {
	return fmt.Sprintf("%s in (%s)", programLabel, strings.Join(slices.Sorted(maps.Keys(programs)), ","))
}

// kubelet does for the pods of some programs what kwok only plays: it runs
// their process, says whether it is ready, and leads their Services to it.
// Only readiness is asked for: no process is ended by a probe.
type kubelet struct {
	client kubernetes.Interface
	// folder has a folder for each pod, with its volumes and its log.
	folder   string
	programs map[string]string
	// given counts the addresses that pods have got.
	given   int
	running map[types.UID]*process
	// proxies are those of the programs.
	proxies map[string]*proxy
}

func newKubelet(c *Cluster) (*kubelet, error) {
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	k := &kubelet{client: client, folder: c.processes(), programs: c.programs(), running: map[types.UID]*process{}, proxies: map[string]*proxy{}}
	for name := range k.programs {
		k.proxies[name] = newProxy(client, c.PodAddress)
	}
	return k, nil
}

// run looks after the pods until it is told to stop. What fails is tried again
// the next time.
func (k *kubelet) run(ctx context.Context) {
	wait.UntilWithContext(ctx, func(ctx context.Context) {
		if err := k.sync(ctx); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, time.Now().Format(time.RFC3339), err)
		}
	}, kubeletPeriod)
}

func (k *kubelet) sync(ctx context.Context) error {
	pods, err := k.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: really(k.programs)})
	if err != nil {
		return err
	}
	wanted := map[types.UID]bool{}
	ready := map[string]*corev1.Pod{}
	var faults []error
	for i := range pods.Items {
		pod := &pods.Items[i]
		if pod.Spec.NodeName == "" {
			continue
		}
		if pod.DeletionTimestamp != nil {
			defer k.remove(ctx, pod)
			continue
		}
		wanted[pod.UID] = true
		is, err := k.tend(ctx, pod)
		if err != nil {
			faults = append(faults, fmt.Errorf("pod %s: %w", pod.Name, err))
		}
		if is {
			ready[pod.Labels[programLabel]] = pod
		}
	}
	for uid, process := range k.running {
		if !wanted[uid] {
			process.stop()
			delete(k.running, uid)
		}
	}
	for name, proxy := range k.proxies {
		pod := ready[name]
		if pod == nil {
			proxy.close()
			continue
		}
		faults = append(faults, proxy.lead(ctx, pod, k.running[pod.UID].container.Address))
	}
	return errors.Join(faults...)
}

// tend sees to it that a pod runs and that this is known, and tells whether it
// is ready.
func (k *kubelet) tend(ctx context.Context, pod *corev1.Pod) (bool, error) {
	if k.running[pod.UID] == nil {
		process, err := k.start(ctx, pod)
		if err != nil {
			return false, err
		}
		k.running[pod.UID] = process
	}
	return k.report(ctx, pod)
}

// remove tells that a pod that was to end has ended, after its process has.
func (k *kubelet) remove(ctx context.Context, pod *corev1.Pod) {
	now := int64(0)
	_ = k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
}

// start runs what a pod's only container says, at an address of its own.
func (k *kubelet) start(ctx context.Context, pod *corev1.Pod) (*process, error) {
	address, folder := podAddress(k.given+1), filepath.Join(k.folder, pod.Name)
	if err := (volumes{k, pod, address}).write(ctx, filepath.Join(folder, "volumes")); err != nil {
		return nil, err
	}
	container, err := newContainer(pod, k.programs[pod.Labels[programLabel]], address, folder)
	if err != nil {
		return nil, err
	}
	k.given++
	return startProcess(container, filepath.Join(folder, "log"))
}

// report stores how a pod is, where that has changed, and tells whether it is
// ready.
func (k *kubelet) report(ctx context.Context, pod *corev1.Pod) (bool, error) {
	process := k.running[pod.UID]
	exit := process.keepUp()
	ready := exit == nil && process.ready(probePath(pod))
	status := pod.DeepCopy()
	describe(status, process, exit, ready)
	if process.reported && ready == process.wasReady && process.restarts == process.reportedRestarts {
		return ready, nil
	}
	if _, err := k.client.CoreV1().Pods(pod.Namespace).UpdateStatus(ctx, status, metav1.UpdateOptions{}); err != nil {
		return ready, err
	}
	process.reported, process.wasReady, process.reportedRestarts = true, ready, process.restarts
	return ready, nil
}
