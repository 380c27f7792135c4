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
	"syscall"
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

	dir, tools string
}

// New names a cluster below dir, which starts with the binaries in tools. It
// starts nothing. Clusters with different names do not touch each other.
func New(tools, dir, name string) *Cluster {
	return &Cluster{
		Name:       name,
		Kubeconfig: filepath.Join(dir, name, "kubeconfig"),
		dir:        dir,
		tools:      tools,
	}
}

// Start starts the cluster with a number of nodes and returns when it
// answers. Ports are free ones.
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
	unlock, err := c.lock()
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	defer unlock()
	arguments := []string{"create", "cluster", "--runtime", "binary", "--wait", "60s", "--kubeconfig", c.Kubeconfig}
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
	return c.kwokctl(ctx, "scale", "node", "--replicas", strconv.Itoa(nodes))
}

// lock lets one cluster start at a time: kwokctl picks free ports first and
// binds them later, and two could pick the same.
func (c *Cluster) lock() (func(), error) {
	file, err := os.OpenFile(filepath.Join(c.dir, "start.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() { file.Close() }, nil
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
	kubectl := exec.CommandContext(ctx, filepath.Join(c.tools, "kubectl"), "--kubeconfig", c.Kubeconfig, "get", "--raw", "/readyz")
	return kubectl.Run() == nil
}

func (c *Cluster) kwokctl(ctx context.Context, arguments ...string) error {
	command := exec.CommandContext(ctx, filepath.Join(c.tools, "kwokctl"), append(arguments, "--name", c.Name)...)
	command.Env = append(os.Environ(), "KWOK_WORKDIR="+c.dir)
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
