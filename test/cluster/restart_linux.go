package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Restart kills one process of the control plane, such as "kube-apiserver",
// and starts it again as it was; it returns when the process runs, which is
// before it answers.
func (c *Cluster) Restart(component string) error {
	folder := filepath.Join(c.dir, "clusters", c.Name)
	pidFile := filepath.Join(folder, "pids", component+".pid")
	data, err := os.ReadFile(pidFile)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	pid := strings.TrimSpace(string(data))
	commandLine, err := os.ReadFile(filepath.Join("/proc", pid, "cmdline"))
	if err != nil {
		return fmt.Errorf("cluster %s: %s does not run: %w", c.Name, component, err)
	}
	number, err := strconv.Atoi(pid)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	if err := Kill(number); err != nil {
		return fmt.Errorf("cluster %s: %s: %w", c.Name, component, err)
	}
	arguments := strings.Split(strings.TrimSuffix(string(commandLine), "\x00"), "\x00")
	log, err := os.OpenFile(filepath.Join(folder, "logs", component+".log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("cluster %s: %w", c.Name, err)
	}
	defer log.Close()
	process := exec.Command(arguments[0], arguments[1:]...)
	process.Dir, process.Stdout, process.Stderr = folder, log, log
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // it outlives whoever restarts it
	if err := process.Start(); err != nil {
		return fmt.Errorf("cluster %s: %s: %w", c.Name, component, err)
	}
	go func() { _ = process.Wait() }() // Stop ends it by its pid
	return os.WriteFile(pidFile, []byte(strconv.Itoa(process.Process.Pid)), 0o644)
}

// Kill ends a process that is nobody's child here, and returns when it has
// ended and its ports are free.
func Kill(pid int) error {
	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(handle)
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		return err
	}
	const timeout = 10_000 // milliseconds
	for {
		ended, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, timeout)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case ended == 0:
			return errors.New("it does not end")
		default:
			return nil
		}
	}
}
