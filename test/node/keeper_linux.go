package node

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// keeper is the name under which a program starts itself in namespaces of its
// own, to keep a node there: it is the first process in its namespace of
// processes, so that with it the kernel ends all the others.
const keeper = "test-node-keeper"

// prober is the name under which it only tries what a keeper does.
const prober = "test-node-prober"

// restartDelay is how long a service that has ended is left alone.
const restartDelay = 500 * time.Millisecond

// order is what the keeper is told on its standard input.
type order struct {
	Dir, Link string
	Number    int
	Services  []service
	// Lasting nodes do not end with that input.
	Lasting bool
}

// Keep has to be called first in a program that starts nodes. Such a program
// starts itself once more in namespaces of its own, and there Keep does not
// return.
func Keep() {
	var err error
	switch os.Args[0] {
	case keeper:
		err = keep()
	case prober:
		err = tryMounts(os.Args[1])
	default:
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// tryMounts mounts what a node does: its own folders, and one over another as
// containerd has it for containers.
func tryMounts(dir string) error {
	if err := ownFolders(dir); err != nil {
		return err
	}
	for _, name := range []string{"lower", "upper", "work", "merged"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%[1]s/lower,upperdir=%[1]s/upper,workdir=%[1]s/work", dir)
	if err := unix.Mount("overlay", filepath.Join(dir, "merged"), "overlay", 0, options); err != nil {
		return fmt.Errorf("mounting an overlay: %w", err)
	}
	return nil
}

// keep runs a node's services until it is killed, or the process that wanted
// them ends.
func keep() error {
	decoder := json.NewDecoder(os.Stdin)
	var o order
	if err := decoder.Decode(&o); err != nil {
		return err
	}
	if err := ownFolders(o.Dir); err != nil {
		return err
	}
	l := link{o.Link, o.Number}
	if err := l.raise(); err != nil {
		return err
	}
	if !o.Lasting {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			os.Exit(0) // and the kernel ends all the others
		}()
	}
	return supervise(o, l)
}

// ownFolders gives the node folders of its own where its programs write beside
// the node's folder.
func ownFolders(dir string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts cannot be made private: %w", err)
	}
	for _, folder := range []string{"/run", "/var/lib", "/var/log"} {
		if within, err := filepath.Rel(folder, dir); err == nil && filepath.IsLocal(within) {
			return fmt.Errorf("%s is in %s, which a node has for itself", dir, folder)
		}
		if err := unix.Mount("tmpfs", folder, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mounting %s: %w", folder, err)
		}
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

// supervise starts the services, and again when they end. Like any first
// process it also asks for the end of those whose parents have ended.
func supervise(o order, l link) error {
	due := make(chan service, len(o.Services))
	later := o.Services[:0:0]
	for _, s := range o.Services {
		if s.AfterAPI {
			later = append(later, s)
			continue
		}
		due <- s
	}
	go func() {
		awaitAPI("https://" + l.node() + ":6443/readyz")
		for _, s := range later {
			due <- s
		}
	}()
	ended := make(chan int)
	started := make(chan struct{}, 1)
	go reap(ended, started)
	running := map[int]service{}
	for {
		select {
		case s := <-due:
			pid, err := s.start(filepath.Join(o.Dir, "log", s.Name), o)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Name, err)
			}
			running[pid] = s
			select {
			case started <- struct{}{}:
			default:
			}
		case pid := <-ended:
			if s, is := running[pid]; is {
				delete(running, pid)
				time.AfterFunc(restartDelay, func() { due <- s })
			}
		}
	}
}

// reap gives the processes that have ended. While there are none at all it
// waits until one was started.
func reap(ended chan<- int, started <-chan struct{}) {
	for {
		pid, err := unix.Wait4(-1, nil, 0, nil)
		switch {
		case err == nil:
			ended <- pid
		case errors.Is(err, unix.ECHILD):
			<-started
		}
	}
}

// start starts the service, which writes a log, and gives its process.
func (s service) start(log string, o order) (int, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	command := exec.Command(s.Command[0], s.Command[1:]...)
	command.Stdout, command.Stderr = file, file
	// containerd looks for its shim beside itself and for runc in PATH.
	command.Env = append(os.Environ(), "PATH="+filepath.Dir(s.Command[0])+":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME="+o.Dir)
	if err := command.Start(); err != nil {
		return 0, err
	}
	return command.Process.Pid, nil
}

// awaitAPI returns when the API server answers that it is ready. Its
// certificate does not matter: nothing is told to it.
func awaitAPI(url string) {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	for ; ; time.Sleep(50 * time.Millisecond) {
		response, err := client.Get(url)
		if err != nil {
			continue
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return
		}
	}
}
