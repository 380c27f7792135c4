package cmd

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
)

// browse has the system open a URL of ours. It does not wait: the program that
// does it may be the browser itself, which outlives this one.
func browse(url string) error {
	command := opener(url)
	if runtime.GOOS != "windows" && runtime.GOOS != "darwin" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.New("no display; open the URL in a browser yourself")
	}
	detach(command)
	if err := command.Start(); err != nil {
		return err
	}
	return command.Process.Release()
}

// opener returns the system's own program.
func opener(url string) *exec.Cmd {
	switch runtime.GOOS {
	case "windows":
		return exec.Command("rundll32", "url.dll,FileProtocolHandler", url)
	case "darwin":
		return exec.Command("open", url)
	}
	return exec.Command("xdg-open", url)
}
