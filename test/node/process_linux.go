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
	for program, debian := range map[string]string{"ip": "iproute2", "iptables": "iptables", "runc": "runc"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("a real node needs %s (apt-get install %s)", program, debian)
		}
	}
	probe := exec.Command("true")
	probe.SysProcAttr = &syscall.SysProcAttr{Cloneflags: namespaces}
	if err := probe.Run(); err != nil {
		return fmt.Errorf("a real node needs namespaces of its own: %w", err)
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

func (n *Node) stateFile() string { return n.path("state.json") }

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

// Kill ends a service of the node at once, as if it had crashed.
func (n *Node) Kill(service string) error {
	programs, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return err
	}
	for _, path := range programs {
		content, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		command := strings.Split(string(content), "\x00")
		if filepath.Base(command[0]) != service || !strings.Contains(string(content), n.dir+"/") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGKILL)
	}
	return fmt.Errorf("cluster %s: no process %s runs", n.Name, service)
}
