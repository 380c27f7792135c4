package node

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// Missing is an error that names what a real node needs and this machine lacks.
func Missing() error {
	if os.Geteuid() != 0 {
		return errors.New("a real node needs root")
	}
	for _, needed := range []struct{ program, debian string }{{"ip", "iproute2"}, {"iptables", "iptables"}, {"nsenter", "util-linux"}, {"runc", "runc"}} {
		if _, err := exec.LookPath(needed.program); err != nil {
			return fmt.Errorf("a real node needs %s (apt-get install %s)", needed.program, needed.debian)
		}
	}
	if err := probe(); err != nil {
		return fmt.Errorf("a real node cannot run here: %w", err)
	}
	return nil
}

// probe makes and removes what a node has of the machine: a link, cgroups, and
// namespaces with mounts of their own.
func probe() (err error) {
	l, err := newLink()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.removeCgroups(), l.remove()) }()
	if err := l.makeCgroups(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "istio-demo-probe")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self)
	command.Args = []string{prober, dir}
	command.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%w %s", err, bytes.TrimSpace(output))
	}
	return nil
}

const namespaces = syscall.CLONE_NEWNET | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS

// enterNamespaces starts the keeper, gives its network a link to this one, and
// tells it what to run. Should the keeper end, ended is told.
func (n *Node) enterNamespaces(ended context.CancelCauseFunc) error {
	for _, folder := range []string{n.log(""), n.path("certificates")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
	}
	log, err := os.Create(n.log("keeper"))
	if err != nil {
		return err
	}
	defer log.Close()
	told, tell, err := os.Pipe()
	if err != nil {
		return err
	}
	defer told.Close()
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self)
	command.Args = []string{keeper, n.dir}
	command.Stdin, command.Stdout, command.Stderr = told, log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: namespaces}
	if err := command.Start(); err != nil {
		return err
	}
	go func() { // it goes on when the start has ended, and Stop ends it by its pid
		_ = command.Wait()
		content, _ := os.ReadFile(n.log("keeper"))
		ended(fmt.Errorf("its first process has ended: %s", bytes.TrimSpace(content)))
	}()
	if n.link, err = newLink(); err != nil {
		return errors.Join(err, command.Process.Kill())
	}
	n.keeper = command.Process.Pid
	state, err := json.Marshal(state{command.Process.Pid, n.link.name, n.link.number})
	if err != nil {
		return err
	}
	if err := os.WriteFile(n.path(stateFile), state, 0o644); err != nil {
		return err
	}
	if err := errors.Join(n.link.attach(command.Process.Pid), n.link.makeCgroups(), n.writeFiles()); err != nil {
		return err
	}
	if n.Lasting {
		defer tell.Close()
	} else {
		n.lifeline = tell
	}
	return json.NewEncoder(tell).Encode(order{Dir: n.dir, Link: n.link.name, Number: n.link.number, Services: n.services(), Lasting: n.Lasting})
}

// writeFiles writes what the services read.
func (n *Node) writeFiles() error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	files := n.files(rand.Text(), rand.Text())
	files["accounts.key"] = string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	for name, content := range files {
		path := n.path(name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o600)); err != nil {
			return err
		}
	}
	return nil
}

// state is what a later process has to know to end the node.
type state struct {
	Keeper int
	Link   string
	Number int
}

// end ends the node's processes and removes its link and its cgroups.
func (n *Node) end() error {
	if n.lifeline != nil {
		defer n.lifeline.Close()
	}
	content, err := os.ReadFile(n.path(stateFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var s state
	if err := json.Unmarshal(content, &s); err != nil {
		return err
	}
	l := link{s.Link, s.Number}
	// The number may meanwhile be that of something else, and the link as well.
	if !n.isKeeper(s.Keeper) {
		if !l.exists() {
			err = l.removeCgroups()
		}
		return errors.Join(err, os.Remove(n.path(stateFile)))
	}
	if err := cluster.Kill(s.Keeper); err != nil {
		return err
	}
	return errors.Join(l.remove(), l.removeCgroups(), os.Remove(n.path(stateFile)))
}

func (n *Node) isKeeper(pid int) bool {
	command, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	return err == nil && string(command) == keeper+"\x00"+n.dir+"\x00"
}

// Pull pulls all images, so that pods find them on the node.
func (n *Node) Pull(ctx context.Context) error {
	content, err := os.ReadFile(filepath.Join(n.programs.Images, "references"))
	if err != nil {
		return err
	}
	// The socket is in a folder that only the node's processes see.
	socket := filepath.Join("/proc", strconv.Itoa(n.keeper), "root/run/containerd/containerd.sock")
	for image := range strings.FieldsSeq(string(content)) {
		command := exec.CommandContext(ctx, filepath.Join(n.programs.Containerd, "ctr"), "--address", socket, "--namespace", "k8s.io",
			"images", "pull", "--hosts-dir", n.path("registries"), image)
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("cluster %s: pulling %s: %w: %s", n.Name, image, err, bytes.TrimSpace(output))
		}
	}
	return nil
}

// Command makes a command that is run in the node's network, with its mounts.
func (n *Node) Command(ctx context.Context, command ...string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", append([]string{"--target", strconv.Itoa(n.keeper), "--net", "--mount"}, command...)...)
}

// Kill ends a process of the node at once, as if it had crashed: a service, or
// the program of a container.
func (n *Node) Kill(program string) error {
	pids, err := n.processes(program)
	if err != nil {
		return err
	}
	if len(pids) == 0 {
		return fmt.Errorf("cluster %s: no process %s runs", n.Name, program)
	}
	return syscall.Kill(pids[0], syscall.SIGKILL)
}

// processes finds a program's on the node: those below the keeper, whose numbers
// the machine knows as well.
func (n *Node) processes(program string) ([]int, error) {
	parents, found := map[int]int{}, []int(nil)
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	names := map[int]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		// PID (NAME) STATE PARENT; a name is cut at 15 bytes (proc_pid_stat(5)).
		before, after, _ := strings.Cut(string(content), "(")
		end := strings.LastIndex(after, ")")
		fields := strings.Fields(after[end+1:])
		pid, err := strconv.Atoi(strings.TrimSpace(before))
		if err != nil || len(fields) < 2 {
			continue
		}
		names[pid] = after[:end]
		if parents[pid], err = strconv.Atoi(fields[1]); err != nil {
			return nil, err
		}
	}
	for pid, name := range names {
		if name != program[:min(len(program), 15)] {
			continue
		}
		for above := pid; above != 0; above = parents[above] {
			if above == n.keeper {
				found = append(found, pid)
			}
		}
	}
	return found, nil
}
