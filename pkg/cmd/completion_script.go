package cmd

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// completer is the script that kubectl asks.
type completer struct {
	path string
	// action says what was done, as kubectl does.
	action string
}

// scriptMark is in each script that was written here, and in nothing else.
const scriptMark = "written by kubectl istio-demo completion"

// invoked returns the path by which the plugin is called. A plugin manager makes
// that a link, which stays when the plugin is upgraded; where the link leads to
// today does not.
func invoked() (string, error) {
	itself, err := os.Executable()
	if err != nil {
		return "", err
	}
	if found, err := exec.LookPath(binaryName); err == nil && sameFile(found, itself) {
		return filepath.Abs(found)
	}
	return itself, nil
}

// sameFile reports whether two paths lead to one file.
func sameFile(one, other string) bool {
	first, err := os.Stat(one)
	if err != nil {
		return false
	}
	second, err := os.Stat(other)
	return err == nil && os.SameFile(first, second)
}

// writeCompleter writes the script that kubectl asks. What is not ours is never
// written over.
func writeCompleter(plugin, folder string) (completer, error) {
	path := scriptPath(folder)
	text := scriptText(plugin)
	action := "created"
	if _, err := os.Lstat(path); err == nil {
		written, err := start(path)
		switch {
		case err == nil && bytes.Equal(written, text):
			return completer{path, "unchanged"}, nil
		case (err != nil || !marked(written)) && !isLink(path, plugin):
			return completer{}, fmt.Errorf("%s already exists and was not written by this program; remove it, or choose another directory with --dir", path)
		}
		// Removed, because writing to a link would write to the plugin.
		if err := os.Remove(path); err != nil {
			return completer{}, cannotWrite(path, err)
		}
		action = "configured"
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return completer{}, cannotWrite(path, err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return completer{}, cannotWrite(path, err)
	}
	return completer{path, action}, nil
}

// isLink reports whether a path is a link to the plugin, which v0.1.0 made.
func isLink(path, plugin string) bool {
	leads, err := os.Readlink(path)
	return err == nil && filepath.Base(leads) == filepath.Base(plugin)
}

// isCompleter reports whether a file is a script of ours.
func isCompleter(path string) bool {
	text, err := start(path)
	return err == nil && marked(text)
}

// start returns as much of a file as a script has.
func start(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 8<<10))
}

// marked reports whether a text begins as ours do.
func marked(text []byte) bool {
	return bytes.Contains(text[:min(len(text), 100)], []byte(scriptMark))
}

// scriptPath returns the name under which the system runs a script.
func scriptPath(folder string) string {
	path := filepath.Join(folder, completerName)
	if runtime.GOOS == "windows" {
		path += ".cmd"
	}
	return path
}

// scriptText returns the script that calls the plugin.
func scriptText(plugin string) []byte {
	if runtime.GOOS == "windows" {
		return []byte("@rem " + scriptMark + "\r\n@\"" + strings.ReplaceAll(plugin, "%", "%%") + "\" " + CompletionRequest + " %*\r\n")
	}
	quoted := "'" + strings.ReplaceAll(plugin, "'", `'\''`) + "'"
	return []byte("#!/bin/sh\n# " + scriptMark + "\nexec " + quoted + " " + CompletionRequest + ` "$@"` + "\n")
}

// cannotWrite says what else there is to do.
func cannotWrite(path string, err error) error {
	var failed *os.PathError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return fmt.Errorf("cannot write %s: %w; choose a writable directory on PATH with --dir", path, err)
}
