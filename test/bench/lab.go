package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/played"
)

// nodes is how many nodes a control plane has.
const nodes = 3

// lab is what all measurements need.
type lab struct {
	// tools, plugin and helm are the folders of the programs, and clock is
	// what measures them.
	tools, plugin, helm, clock string
	// dir is for everything that is written and not kept.
	dir string
	// started counts the control planes and sessions, which must not share
	// folders.
	started int
}

// newLab finds the programs where make says they are.
func newLab() (*lab, error) {
	l := &lab{}
	for variable, place := range map[string]*string{"TOOLS": &l.tools, "PLUGIN": &l.plugin, "HELM": &l.helm, "CLOCK": &l.clock} {
		if *place = os.Getenv(variable); *place == "" {
			return nil, fmt.Errorf("%s is not set: run make bench", variable)
		}
	}
	l.plugin = filepath.Dir(l.plugin)
	var err error
	l.dir, err = os.MkdirTemp("", "istio-demo-bench")
	return l, err
}

// close removes what was written.
func (l *lab) close() error { return os.RemoveAll(l.dir) }

// folder makes a folder that nobody has had before.
func (l *lab) folder(name string) (string, error) {
	l.started++
	folder := filepath.Join(l.dir, fmt.Sprintf("%s-%d", name, l.started))
	return folder, os.MkdirAll(folder, 0o755)
}

// with starts a fresh control plane, does something on it, and stops it.
func (l *lab) with(ctx context.Context, do func(*cluster.Cluster) error) error {
	l.started++
	control := cluster.New(l.tools, filepath.Join(l.dir, "clusters"), fmt.Sprintf("bench-%d", l.started))
	err := control.Start(ctx, nodes)
	if err == nil {
		// Then the controllers run, too, and what is measured is not their
		// start.
		_, err = l.kubectl(ctx, control, "wait", "--for=create", "serviceaccount/default", "--timeout=60s")
	}
	if err == nil {
		var endIstiod func()
		if endIstiod, err = played.Istiod(control.Kubeconfig); err == nil {
			err = do(control)
			endIstiod()
		}
	}
	// It is stopped after an interruption, too.
	return errors.Join(err, control.Stop(context.WithoutCancel(ctx)))
}

// kubectl asks a control plane something that is not measured.
func (l *lab) kubectl(ctx context.Context, control *cluster.Cluster, arguments ...string) (string, error) {
	command := exec.CommandContext(ctx, filepath.Join(l.tools, "kubectl"), append([]string{"--kubeconfig", control.Kubeconfig}, arguments...)...)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("kubectl %s: %w: %s", arguments[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return string(output), nil
}
