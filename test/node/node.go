// Package node starts real Kubernetes clusters of one node for tests: etcd, the
// API server, the controllers, the scheduler, the kubelet, kube-proxy and
// containerd as processes in namespaces of their own, and CoreDNS as pods. The
// images come from a registry on the node.
package node

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// startTimeout bounds a start; on two idle cores one takes about 10 s.
const startTimeout = 2 * time.Minute

// Programs are the folders of what a node runs.
type Programs struct {
	// Kubernetes has the control plane, the kubelet, kube-proxy and kubectl.
	Kubernetes string
	// Containerd has containerd and its network plugins.
	Containerd string
	// Images has the images, and the registry that serves them.
	Images string
}

// Node is a cluster of one node. Its address can be reached from the machine,
// and with it the API server and the ports of Services.
type Node struct {
	Name string
	// Kubeconfig is the path of its kubeconfig file, with a context for a user
	// who may do everything.
	Kubeconfig string
	// Rate is how fast images are pulled, in MB/s; 0 sets no limit. It is set
	// before Start.
	Rate float64
	// ParallelPulls has the kubelet pull images beside each other instead of one
	// after the other, which is its default. It is set before Start.
	ParallelPulls bool
	// Lasting has the cluster outlive the process that starts it. It is set
	// before Start.
	Lasting bool

	programs Programs
	dir      string
	link     link
	// keeper is the process that keeps the namespaces.
	keeper int
	// lifeline ends the node when it is closed, be it by the end of this process.
	lifeline *os.File
}

// New names a cluster below the absolute folder dir. It starts nothing. Clusters
// with different names do not touch each other.
func New(programs Programs, dir, name string) *Node {
	dir = filepath.Join(dir, name)
	return &Node{Name: name, Kubeconfig: filepath.Join(dir, "kubeconfig"), programs: programs, dir: dir}
}

//go:embed dns.yaml
var clusterDNS []byte

// Start starts the cluster and returns when its node is ready.
func (n *Node) Start(ctx context.Context) error {
	if err := Missing(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	// What is left of a cluster that was killed would be in the way.
	if err := n.Stop(); err != nil {
		return err
	}
	if err := n.start(ctx); err != nil {
		return errors.Join(fmt.Errorf("cluster %s does not start (see %s): %w", n.Name, n.log(""), err), n.end())
	}
	return nil
}

func (n *Node) start(ctx context.Context) error {
	ctx, ended := context.WithCancelCause(ctx)
	defer ended(nil)
	if err := n.enterNamespaces(ended); err != nil {
		return err
	}
	if err := n.await(ctx, "get", "--raw", "/readyz"); err != nil {
		return fmt.Errorf("its API server is not ready: %w", err)
	}
	apply := n.kubectl(ctx, "apply", "-f", "-")
	apply.Stdin = bytes.NewReader(clusterDNS)
	if output, err := apply.CombinedOutput(); err != nil {
		return fmt.Errorf("its DNS cannot be applied: %w: %s", err, bytes.TrimSpace(output))
	}
	for _, condition := range [][]string{
		{"--for=create", "serviceaccount/default"},
		{"--for=create", "node/" + nodeName},
		{"--for=condition=Ready", "node/" + nodeName},
	} {
		arguments := append([]string{"wait", "--timeout=100s"}, condition...)
		if output, err := n.kubectl(ctx, arguments...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", condition[1], err, bytes.TrimSpace(output))
		}
	}
	return nil
}

// await runs kubectl until it succeeds.
func (n *Node) await(ctx context.Context, arguments ...string) error {
	for {
		output, err := n.kubectl(ctx, append(arguments, "--request-timeout=5s")...).CombinedOutput()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), bytes.TrimSpace(output))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Stop ends all processes of the cluster and removes what it left. It is no
// error if the cluster does not run.
func (n *Node) Stop() error {
	if n.Name == "" {
		return errors.New("a cluster needs a name") // or its folder would be that of all clusters
	}
	if err := n.end(); err != nil {
		return fmt.Errorf("cluster %s: %w", n.Name, err)
	}
	return os.RemoveAll(n.dir)
}

// Address is the node's, at which the machine reaches the ports of its Services.
func (n *Node) Address() string { return n.link.node() }

// Exists tells whether the cluster was started and not stopped.
func (n *Node) Exists() bool {
	_, err := os.Stat(n.path(stateFile))
	return err == nil
}

// stateFile is where a node keeps what a later process has to know to end it.
const stateFile = "state.json"

// Running tells whether the cluster's API server answers.
func (n *Node) Running(ctx context.Context) bool {
	return n.kubectl(ctx, "get", "--raw", "/readyz", "--request-timeout=5s").Run() == nil
}

func (n *Node) kubectl(ctx context.Context, arguments ...string) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(n.programs.Kubernetes, "kubectl"), append([]string{"--kubeconfig", n.Kubeconfig}, arguments...)...)
}

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

// log is the file of what a service logs, or the folder of all of them.
func (n *Node) log(service string) string { return filepath.Join(n.dir, "log", service) }
