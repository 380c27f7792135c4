package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	// istiodLabel tells the pods that really run.
	istiodLabel = "app=istiod"
	// kubeletPeriod is how often pods are looked at, and their probes asked.
	kubeletPeriod = 250 * time.Millisecond
)

// kubelet does for the pods of istiod what kwok only plays: it runs their
// process, says whether it is ready, and leads their Services to it.
type kubelet struct {
	cluster *Cluster
	config  *rest.Config
	client  kubernetes.Interface
	// folder has the folders that the processes run in, and their logs.
	folder string
	// given counts the addresses that pods have got.
	given   int
	running map[types.UID]*process
	proxy   *proxy
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
	return &kubelet{
		cluster: c, config: config, client: client, folder: filepath.Join(filepath.Dir(c.Kubeconfig), "istiod"),
		running: map[types.UID]*process{}, proxy: newProxy(client, c.PodAddress),
	}, nil
}

// run looks after the pods until it is told to stop. What fails is tried again
// the next time.
func (k *kubelet) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := k.sync(ctx); err != nil {
			fmt.Fprintln(os.Stderr, time.Now().Format(time.RFC3339), err)
		}
		time.Sleep(kubeletPeriod)
	}
}

func (k *kubelet) sync(ctx context.Context) error {
	pods, err := k.client.CoreV1().Pods("").List(ctx, metav1.ListOptions{LabelSelector: istiodLabel})
	if err != nil {
		return err
	}
	wanted := map[types.UID]bool{}
	var ready *corev1.Pod
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
		if k.running[pod.UID] == nil {
			if k.running[pod.UID], err = k.start(ctx, pod); err != nil {
				return err
			}
		}
		is, err := k.report(ctx, pod)
		if err != nil {
			return err
		}
		if is {
			ready = pod
		}
	}
	for uid, process := range k.running {
		if !wanted[uid] {
			process.stop()
			delete(k.running, uid)
		}
	}
	if ready == nil {
		k.proxy.close()
		return nil
	}
	return k.proxy.lead(ctx, ready, k.running[ready.UID].address)
}

// remove tells that a pod that was to end has ended, after its process has.
func (k *kubelet) remove(ctx context.Context, pod *corev1.Pod) {
	now := int64(0)
	_ = k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: &now, Preconditions: &metav1.Preconditions{UID: &pod.UID}})
}

// start runs what a pod's only container says, at an address of its own.
func (k *kubelet) start(ctx context.Context, pod *corev1.Pod) (*process, error) {
	k.given++
	address := net.IPv4(198, 18, byte(k.given>>8), byte(k.given+1)).String()
	if err := addAddress(address); err != nil {
		return nil, err
	}
	folder := filepath.Join(k.folder, pod.Name)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	kubeconfig := filepath.Join(folder, "kubeconfig")
	if err := k.writeIdentity(ctx, pod, kubeconfig); err != nil {
		return nil, err
	}
	container := pod.Spec.Containers[0]
	arguments := append([]string{}, container.Args...)
	// In its own network namespace it would listen everywhere.
	for flag, port := range map[string]string{
		"httpAddr": "8080", "httpsAddr": "15017", "grpcAddr": "15010", "secureGRPCAddr": "15012", "monitoringAddr": "15014",
	} {
		arguments = append(arguments, "--"+flag, net.JoinHostPort(address, port))
	}
	arguments = append(arguments, "--ctrlz_address", address, "--kubeconfig", kubeconfig)
	return startProcess(k.cluster.Istiod, folder, address, arguments, environment(pod, &container))
}

// writeIdentity writes a kubeconfig with a token of the pod's ServiceAccount
// and nothing else, for what a pod otherwise finds in its file system.
func (k *kubelet) writeIdentity(ctx context.Context, pod *corev1.Pod, path string) error {
	token, err := k.token(ctx, pod)
	if err != nil {
		return err
	}
	authority := k.config.CAData
	if len(authority) == 0 {
		if authority, err = os.ReadFile(k.config.CAFile); err != nil {
			return err
		}
	}
	return writeKubeconfig(path, k.config.Host, authority, token)
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
