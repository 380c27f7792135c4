// Package cluster starts real Kubernetes control planes for tests: etcd, the
// API server, the controllers and the scheduler as processes, and kwok, which
// plays the nodes. Everything it writes lies in one folder.
package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// startTimeout bounds a start; on two busy cores one takes about 5 s.
const startTimeout = 2 * time.Minute

// Cluster is a control plane.
type Cluster struct {
	Name string
	// Kubeconfig is the path of its kubeconfig file, with a context for a
	// user who may do everything.
	Kubeconfig string
	// PodAddress is the loopback address to which the ports of all pods lead
	// that can be forwarded: whoever listens at port 3000 there is what pods
	// have at 3000.
	PodAddress string
	// PodLog and PreviousPodLog are the files of which each container's log
	// is made, of this run and of the one before, in the form in which
	// kubelets keep them. They are empty at first.
	PodLog, PreviousPodLog string
	// Garbage is how much of it the components let come together, in percent of
	// what they need, before they collect it: GOGC, of which Go's default is 100.
	// Zero leaves it to the environment. It is set before Start.
	Garbage int

	dir, tools string
}

// New names a cluster below dir, which starts with the binaries in tools. It
// starts nothing. Clusters with different names do not touch each other.
func New(tools, dir, name string) *Cluster {
	return &Cluster{
		Name:           name,
		Kubeconfig:     filepath.Join(dir, name, "kubeconfig"),
		PodAddress:     drawAddress(),
		PodLog:         filepath.Join(dir, name, "pod.log"),
		PreviousPodLog: filepath.Join(dir, name, "previous-pod.log"),
		dir:            dir,
		tools:          tools,
	}
}

// Start starts the cluster with a number of nodes and returns when it answers
// and the nodes are ready. Ports are free ones.
func (c *Cluster) Start(ctx context.Context, nodes int) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	// What is left of a cluster that was killed would be in the way.
	if err := c.Stop(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.Kubeconfig), 0o755); err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	settings := filepath.Join(filepath.Dir(c.Kubeconfig), "kwokctl.yaml")
	if err := c.writeSettings(settings); err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	arguments := []string{"create", "cluster", "--runtime", "binary", "--wait", "60s", "--kubeconfig", c.Kubeconfig, "--config", settings}
	// There is one of each. A lease that a busy machine or a restarted API
	// server lets expire would end them.
	for _, component := range []string{"kube-controller-manager", "kube-scheduler"} {
		arguments = append(arguments, "--extra-args", component+"=leader-elect=false")
	}
	for flag, binary := range map[string]string{
		"etcd":                    "etcd",
		"kube-apiserver":          "kube-apiserver",
		"kube-controller-manager": "kube-controller-manager",
		"kube-scheduler":          "kube-scheduler",
		"kwok-controller":         "kwok",
	} {
		arguments = append(arguments, "--"+flag+"-binary", filepath.Join(c.tools, binary))
	}
	if err := c.kwokctl(ctx, arguments...); err != nil {
		return err
	}
	if err := c.startControllers(ctx); err != nil {
		return err
	}
	if err := c.kwokctl(ctx, "scale", "node", "--replicas", strconv.Itoa(nodes)); err != nil {
		return err
	}
	output, err := c.kubectl(ctx, "wait", "--for=condition=Ready", "node", "--all", "--timeout=60s").CombinedOutput()
	if err != nil {
		return fmt.Errorf("cluster %s: its nodes are not ready: %w: %s", c.Name, err, bytes.TrimSpace(output))
	}
	return c.addressNodes(ctx)
}

// startControllers returns when the controllers work, which a namespace's
// account shows: one of them makes it. They give up when the API server takes
// over 10 s to become healthy, as it does on a busy machine; then they are
// started again.
func (c *Cluster) startControllers(ctx context.Context) error {
	for {
		output, err := c.kubectl(ctx, "wait", "--for=create", "serviceaccount/default", "--namespace=default", "--timeout=5s").CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("cluster %s: its controllers do not work: %w: %s", c.Name, ctx.Err(), bytes.TrimSpace(output))
		}
		// What runs is left alone.
		if err := c.kwokctl(ctx, "start", "cluster"); err != nil {
			return err
		}
	}
}

// addressNodes gives every node the address at which the API server finds
// kwok, which plays the kubelets. kwokctl writes it and kwok may write over it
// at the same moment; then the logs and ports of the node's pods are not to be
// had.
func (c *Cluster) addressNodes(ctx context.Context) error {
	output, err := c.kubectl(ctx, "get", "nodes", "-o", `jsonpath={range .items[*]}{.metadata.name}={.status.addresses[?(@.type=="Hostname")].address}{"\n"}{end}`).Output()
	if err != nil {
		return fmt.Errorf("cluster %s: its nodes cannot be listed: %w", c.Name, err)
	}
	for _, line := range strings.Fields(string(output)) {
		name, host, _ := strings.Cut(line, "=")
		if host == "localhost" {
			continue
		}
		addresses := `{"status":{"addresses":[{"type":"Hostname","address":"localhost"},{"type":"InternalIP","address":"192.0.2.1"}]}}`
		patch := c.kubectl(ctx, "patch", "node", name, "--subresource=status", "--type=merge", "-p", addresses)
		if output, err := patch.CombinedOutput(); err != nil {
			return fmt.Errorf("cluster %s: node %s gets no address: %w: %s", c.Name, name, err, bytes.TrimSpace(output))
		}
	}
	return nil
}

// Stop ends the cluster's processes and removes what it left. It is no error
// if the cluster does not run.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.Name == "" {
		return errors.New("a cluster needs a name") // or its folder would be that of all clusters
	}
	if err := c.kwokctl(ctx, "delete", "cluster", "--kubeconfig", c.Kubeconfig); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(c.dir, c.Name))
}

// Running tells whether the cluster's API server answers.
func (c *Cluster) Running(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	return c.kubectl(ctx, "get", "--raw", "/readyz").Run() == nil
}

func (c *Cluster) kubectl(ctx context.Context, arguments ...string) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(c.tools, "kubectl"), append([]string{"--kubeconfig", c.Kubeconfig}, arguments...)...)
}

func (c *Cluster) kwokctl(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(c.tools, "kwokctl"), append(arguments, "--name", c.Name)...)
	command.Env = append(os.Environ(), "KWOK_WORKDIR="+c.dir)
	if c.Garbage > 0 {
		command.Env = append(command.Env, fmt.Sprintf("GOGC=%d", c.Garbage))
	}
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("cluster %s: kwokctl %s: %w: %s", c.Name, arguments[0], err, lastMessage(output.Bytes()))
	}
	return nil
}

// lastMessage gives what kwokctl's JSON log said last.
func lastMessage(log []byte) string {
	lines := bytes.Split(bytes.TrimSpace(log), []byte("\n"))
	last := lines[len(lines)-1]
	var entry struct {
		Message string `json:"msg"`
		Error   string `json:"err"`
	}
	if json.Unmarshal(last, &entry) != nil {
		return string(last)
	}
	return fmt.Sprintf("%s %s", entry.Message, entry.Error)
}
