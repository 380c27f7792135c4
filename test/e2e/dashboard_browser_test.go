package e2e

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// TestDashboardBrowser opens one where there is a terminal, and only there.
func TestDashboardBrowser(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	deployLookalike(t, u, "browsed", "app: kiali", "10m")
	opened := filepath.Join(u.Dir, "opened")
	if err := syscall.Mkfifo(opened, 0o600); err != nil {
		t.Fatal(err)
	}
	browser := filepath.Join(u.Dir, "xdg-open")
	if err := os.WriteFile(browser, []byte("#!/bin/sh\necho \"$@\" > "+opened+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	u.PrependPath(u.Dir)
	u.Environment = append(u.Environment, "DISPLAY=:0")

	command := u.Command(t, "kubectl", "istio-demo", "dashboard", "kiali", "-n", "browsed")
	keyboard := user.StartOnTerminal(t, command, nil)
	said, ended := make(chan []byte, 1), make(chan error, 1)
	go func() {
		all, _ := io.ReadAll(keyboard)
		said <- all
		ended <- command.Wait()
		// Whoever still waits for the browser then waits in vain.
		if pipe, err := os.OpenFile(opened, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
			pipe.Close()
		}
	}()
	url, err := os.ReadFile(opened)
	if err != nil || !regexp.MustCompile(`^http://localhost:\d+/kiali\n$`).Match(url) {
		t.Errorf("the browser got %q, %v", url, err)
	}
	if _, err := io.WriteString(keyboard, "\x03"); err != nil {
		t.Error(err)
	}
	all := <-said
	if err := <-ended; err != nil {
		t.Errorf("after Ctrl-C: %v\n%s", err, all)
	}

	reader, err := os.OpenFile(opened, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	shown := u.Start(t, "kubectl", "istio-demo", "dashboard", "kiali", "-n", "browsed")
	shown.URL(t)
	shown.Interrupt(t)
	_ = reader.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if said, _ := io.ReadAll(reader); len(said) > 0 {
		t.Errorf("without a terminal, the browser got %q", said)
	}
}
