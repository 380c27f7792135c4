package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/latency"
)

// These are longer than anything takes that does not hang: commandTimeout any
// command, and stepTimeout one that the demo is installed or removed with.
const (
	commandTimeout = 10 * time.Minute
	stepTimeout    = 90 * time.Second
)

// step is one command, as it is typed.
type step []string

// session is somebody with a terminal at a distance from a control plane: a
// home of their own, in which nothing is cached yet, and everything on PATH.
type session struct {
	lab         *lab
	dir         string
	environment []string
	// link is the way to the API server; a session that is not timed has
	// none.
	link *latency.Link
}

// open begins a session at a distance.
func (l *lab) open(control *cluster.Cluster, rtt int) (*session, error) {
	config, err := clientcmd.LoadFromFile(control.Kubeconfig)
	if err != nil {
		return nil, err
	}
	var link *latency.Link
	for _, entry := range config.Clusters {
		server, err := url.Parse(entry.Server)
		if err != nil {
			return nil, err
		}
		if link, err = latency.Listen(server.Host, time.Duration(rtt)*time.Millisecond); err != nil {
			return nil, err
		}
		server.Host = link.Address()
		entry.Server = server.String()
	}
	if link == nil {
		return nil, fmt.Errorf("%s names no cluster", control.Kubeconfig)
	}
	s, err := l.newSession()
	if err == nil {
		err = clientcmd.WriteToFile(*config, s.kubeconfig())
	}
	if err != nil {
		return nil, errors.Join(err, link.Close())
	}
	s.link = link
	return s, nil
}

// newSession begins a session whose kubeconfig is still to be written.
func (l *lab) newSession() (*session, error) {
	dir, err := l.folder("session")
	if err != nil {
		return nil, err
	}
	s := &session{lab: l, dir: dir}
	path := strings.Join([]string{l.plugin, l.tools, l.helm, "/usr/bin", "/bin"}, string(os.PathListSeparator))
	s.environment = []string{"HOME=" + dir, "KUBECONFIG=" + s.kubeconfig(), "PATH=" + path}
	return s, nil
}

func (s *session) kubeconfig() string { return filepath.Join(s.dir, "kubeconfig") }

// close ends the session's way to the server.
func (s *session) close() error { return s.link.Close() }

// reading is what the clock writes.
type reading struct {
	Seconds   float64
	FirstRow  float64
	PeakBytes int64
}

// measure runs the steps of an operation one after the other. What is between
// them does not count.
func (s *session) measure(ctx context.Context, steps []step) (report.Sample, error) {
	before := s.link.Traffic()
	var sample report.Sample
	for _, step := range steps {
		found, err := s.runWithin(ctx, stepTimeout, step)
		if err != nil {
			return report.Sample{}, err
		}
		sample.Seconds += found.Seconds
		sample.PeakBytes = max(sample.PeakBytes, found.PeakBytes)
	}
	after := s.link.Traffic()
	sample.Connections = after.Connections - before.Connections
	sample.Sent, sample.Received = after.Sent-before.Sent, after.Received-before.Received
	return sample, nil
}

// runAll runs steps that nobody times.
func (s *session) runAll(ctx context.Context, steps []step) error {
	for _, step := range steps {
		if _, err := s.run(ctx, step); err != nil {
			return err
		}
	}
	return nil
}

// run runs one command under the clock.
func (s *session) run(ctx context.Context, step step) (reading, error) {
	return s.runWithin(ctx, commandTimeout, step)
}

// runWithin runs one command under the clock, for so long at most. What it
// prints is thrown away, but for the reason of a failure.
func (s *session) runWithin(ctx context.Context, limit time.Duration, step step) (reading, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not done after %v", limit))
	defer cancel()
	file := filepath.Join(s.dir, "reading.json")
	command := exec.CommandContext(ctx, s.lab.clock, append([]string{file}, step...)...)
	command.Dir, command.Env = s.dir, s.environment
	// What the clock has started ends with it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Run(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return reading{}, fmt.Errorf("%s: %w: %s", strings.Join(step[:min(len(step), 3)], " "), err, ending(stderr.String()))
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return reading{}, err
	}
	var found reading
	return found, json.Unmarshal(data, &found)
}

// ending gives the last lines of what a command said.
func ending(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], "; ")
}
