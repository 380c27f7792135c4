package node

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// links is how many clusters there can be at once on a machine.
const links = 256

// link connects the machine with a node's network by a network of two
// addresses. Its name is also that of the node's cgroups.
type link struct {
	name   string
	number int
}

func (l link) machine() string { return fmt.Sprintf("172.31.%d.2", l.number) }

func (l link) node() string { return fmt.Sprintf("172.31.%d.1", l.number) }

// inside is the name of the end that is the node's.
func (l link) inside() string { return l.name + "n" }

// newLink makes the first link that nobody has: the kernel refuses a name twice.
func newLink() (link, error) {
	for number := range links {
		l := link{fmt.Sprintf("istiodemo%d", number), number}
		err := ip("link", "add", l.name, "type", "veth", "peer", "name", l.inside())
		if err == nil {
			return l, errors.Join(ip("address", "add", l.machine()+"/30", "dev", l.name), ip("link", "set", l.name, "up"))
		}
		if !strings.Contains(err.Error(), "File exists") {
			return link{}, err
		}
	}
	return link{}, fmt.Errorf("%d clusters run already", links)
}

// attach moves the node's end into the network of a process.
func (l link) attach(pid int) error { return ip("link", "set", l.inside(), "netns", strconv.Itoa(pid)) }

// raise makes the node's end usable, called in its namespace.
func (l link) raise() error {
	for _, arguments := range [][]string{
		{"link", "set", "lo", "up"},
		{"address", "add", l.node() + "/30", "dev", l.inside()},
		{"link", "set", l.inside(), "up"},
		{"route", "add", "default", "via", l.machine()},
	} {
		if err := ip(arguments...); err != nil {
			return err
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644)
}

// remove removes the machine's end, and with it the other, if there is one.
func (l link) remove() error {
	if !l.exists() {
		return nil
	}
	return ip("link", "delete", l.name)
}

func (l link) exists() bool {
	_, err := os.Stat(filepath.Join("/sys/class/net", l.name))
	return err == nil
}

func ip(arguments ...string) error {
	if output, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(arguments, " "), err, bytes.TrimSpace(output))
	}
	return nil
}

const cgroups = "/sys/fs/cgroup"

// cgroupFolders are those of the link's name, in the hierarchy of version 2 or
// in all of version 1.
func (l link) cgroupFolders() ([]string, error) {
	if _, err := os.Stat(filepath.Join(cgroups, "cgroup.controllers")); err == nil {
		return []string{filepath.Join(cgroups, l.name)}, nil
	}
	hierarchies, err := filepath.Glob(filepath.Join(cgroups, "*", "cgroup.procs"))
	if err != nil {
		return nil, err
	}
	for n := range hierarchies {
		hierarchies[n] = filepath.Join(filepath.Dir(hierarchies[n]), l.name)
	}
	return hierarchies, nil
}

// makeCgroups makes the cgroups below which the kubelet has its pods'.
func (l link) makeCgroups() error {
	folders, err := l.cgroupFolders()
	for _, folder := range folders {
		err = errors.Join(err, os.MkdirAll(folder, 0o755))
	}
	return err
}

// removeCgroups removes them, when their processes have ended. The kernel takes
// a moment until it lets go of a process that has.
func (l link) removeCgroups() error {
	folders, err := l.cgroupFolders()
	if err != nil {
		return err
	}
	for _, folder := range folders {
		deadline := time.Now().Add(10 * time.Second)
		for err = removeEmpty(folder); errors.Is(err, unix.EBUSY) && time.Now().Before(deadline); err = removeEmpty(folder) {
			time.Sleep(20 * time.Millisecond)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// removeEmpty removes a folder and those below it, and stops at one that has
// something in it.
func removeEmpty(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if entry.IsDir() {
			if err := removeEmpty(filepath.Join(folder, entry.Name())); err != nil {
				return err
			}
		}
	}
	return errors.Join(err, os.Remove(folder))
}
