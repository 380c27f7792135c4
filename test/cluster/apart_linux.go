package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// keeper is the name under which a program starts itself in namespaces of its
// own, to keep a cluster there: it is the first process in its namespace of
// processes, so that with it the kernel ends all the others.
const keeper = "test-cluster-keeper"

// What the keeper inherits, beyond the standard streams.
const (
	listenerFile = 3 + iota // the listening socket of the network outside
	reportFile              // a pipe that says how the start went: nothing, or an error
	lifelineFile            // a pipe that ends the keeper when it is closed outside
)

// Isolatable tells why no network namespace can be had, if none can.
func Isolatable() error {
	probe, err := keeperCommand(context.Background())
	if err != nil {
		return err
	}
	if output, err := probe.CombinedOutput(); err != nil {
		return fmt.Errorf("a network namespace needs root or unprivileged user namespaces, and iproute2: %w %s", err, bytes.TrimSpace(output))
	}
	return nil
}

// keeperCommand starts this program as the first process of namespaces of its
// own. Nobody but root may make those without a user namespace.
func keeperCommand(ctx context.Context, arguments ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	command := exec.CommandContext(ctx, self)
	command.Args = append([]string{keeper}, arguments...)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWPID}
	if os.Geteuid() != 0 {
		command.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		command.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		command.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return command, nil
}

// startApart starts the cluster in namespaces of its own and leads a port of
// this network to the API server's, which has the same number there: so one
// kubeconfig is right on both sides.
func (c *Cluster) startApart(ctx context.Context, nodes int) error {
	port, err := freePort(nil)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	listener, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	defer listener.Close()
	socket, err := listener.File()
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	defer socket.Close()
	reportOut, reportIn, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	defer reportOut.Close()
	defer reportIn.Close()
	log, err := os.Create(filepath.Join(filepath.Dir(c.Kubeconfig), "keeper.log"))
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	defer log.Close()

	command, err := keeperCommand(context.WithoutCancel(ctx), c.tools, c.dir, c.Name, c.Istiod, c.Observers, strconv.Itoa(nodes), strconv.Itoa(port))
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	command.Stdout, command.Stderr = log, log
	command.ExtraFiles = []*os.File{socket, reportIn}
	if !c.Lasting {
		lifelineOut, lifelineIn, err := os.Pipe()
		if err != nil {
			return fmt.Errorf("cluster %s: %w", c.Name, err)
		}
		defer lifelineOut.Close()
		command.ExtraFiles = append(command.ExtraFiles, lifelineOut)
		c.lifeline = lifelineIn
	}
	if err := command.Start(); err != nil {
		return fmt.Errorf("cluster %s: a network namespace needs root or unprivileged user namespaces: %w", c.Name, err)
	}
	go func() { _ = command.Wait() }() // Stop ends it by its pid
	if err := os.WriteFile(c.keeperFile(), []byte(strconv.Itoa(command.Process.Pid)), 0o644); err != nil {
		return errors.Join(err, command.Process.Kill())
	}
	stop := context.AfterFunc(ctx, func() { _ = command.Process.Kill() })
	defer stop()
	reportIn.Close()
	report, err := io.ReadAll(reportOut)
	switch {
	case err != nil:
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	case string(report) != started:
		return fmt.Errorf("cluster %s does not start in its namespace (see %s): %s", c.Name, log.Name(), report)
	}
	return ctx.Err()
}

// stopApart ends the keeper and with it all that runs in its namespaces, and
// tells whether the cluster has a keeper at all.
func (c *Cluster) stopApart() (bool, error) {
	if c.lifeline != nil {
		defer c.lifeline.Close()
	}
	data, err := os.ReadFile(c.keeperFile())
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	pid, err := strconv.Atoi(string(data))
	if err != nil {
		return false, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	// The number may meanwhile be that of something else.
	commandLine, err := os.ReadFile(filepath.Join("/proc", string(data), "cmdline"))
	own := strings.Join([]string{keeper, c.tools, c.dir, c.Name, ""}, "\x00")
	if err != nil || !strings.HasPrefix(string(commandLine), own) {
		return true, nil
	}
	if err := kill(pid); err != nil && !errors.Is(err, syscall.ESRCH) {
		return true, fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	return true, nil
}

// HasIstiod tells whether the cluster was started to run istiod.
func (c *Cluster) HasIstiod() bool {
	_, err := os.Stat(c.keeperFile())
	return err == nil
}

func (c *Cluster) keeperFile() string {
	return filepath.Join(filepath.Dir(c.Kubeconfig), "keeper.pid")
}

// ProcessLog gives what a pod that really runs has logged until now.
func (c *Cluster) ProcessLog(pod string) (string, error) {
	data, err := os.ReadFile(filepath.Join(c.processes(), pod, "log"))
	return string(data), err
}

// processes is the folder of the pods that really run.
func (c *Cluster) processes() string { return filepath.Join(filepath.Dir(c.Kubeconfig), "pods") }
