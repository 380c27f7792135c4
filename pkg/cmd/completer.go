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

// completer is what kubectl asks, once it is there.
type completer struct {
	path string
	// action says what was done, as kubectl does.
	action string
}

// scriptMark is in each script that was written here, and in nothing else.
const scriptMark = "written by kubectl istio-demo completion"

// invoked gives the path by which the plugin is called. A plugin manager makes
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

// sameFile tells whether two paths lead to one file.
func sameFile(one, other string) bool {
	first, err := os.Stat(one)
	if err != nil {
		return false
	}
	second, err := os.Stat(other)
	return err == nil && os.SameFile(first, second)
}

// makeCompleter makes a link in a folder that leads to the plugin or, where
// symlink cannot make one, a script. What is not ours is never written over.
func makeCompleter(plugin, folder string, symlink func(target, link string) error) (completer, error) {
	link := filepath.Join(folder, completerName)
	if strings.HasSuffix(plugin, ".exe") {
		link += ".exe" // or Windows would not run it
	}
	script := scriptPath(folder)
	target := plugin
	if filepath.Dir(plugin) == folder {
		target = filepath.Base(plugin) // so that the folder can be moved
	}
	action := "created"
	for _, path := range []string{link, script} {
		there, err := isThere(path, plugin, target)
		switch {
		case err != nil:
			return completer{}, err
		case there == current:
			return completer{path, "unchanged"}, nil
		case there == outdated:
			action = "configured"
			if err := os.Remove(path); err != nil {
				return completer{}, cannotWrite(path, err)
			}
		}
		if link == script {
			break
		}
	}
	if err := symlink(target, link); err == nil {
		return completer{link, action}, nil
	}
	// What cannot be written at all cannot be written so either, and says why.
	if err := os.WriteFile(script, scriptText(plugin), 0o755); err != nil {
		return completer{}, cannotWrite(script, err)
	}
	return completer{script, action}, nil
}

// presence is what is at a path already.
type presence int

const (
	absent presence = iota
	// outdated: ours, but it leads elsewhere.
	outdated
	// current: as it would be made now.
	current
)

// isThere looks at a path. What is neither a link to the plugin nor a script of
// ours is an error.
func isThere(path, plugin, target string) (presence, error) {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return absent, nil
	case err != nil:
		return absent, cannotWrite(path, err)
	case info.Mode()&os.ModeSymlink != 0:
		leads, err := os.Readlink(path)
		switch {
		case err == nil && leads == target:
			return current, nil
		case err == nil && filepath.Base(leads) == filepath.Base(plugin):
			return outdated, nil
		}
	case info.Mode().IsRegular():
		text, err := start(path)
		switch {
		case err == nil && bytes.Equal(text, scriptText(plugin)):
			return current, nil
		case err == nil && marked(text):
			return outdated, nil
		}
	}
	return absent, fmt.Errorf("%s is there already, and is not of this program; remove it, or choose another folder with --dir", path)
}

// isCompleter tells whether a file is a script of ours.
func isCompleter(path string) bool {
	text, err := start(path)
	return err == nil && marked(text)
}

// start gives as much of a file as a script has.
func start(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, 8<<10))
}

// marked tells whether a text begins as ours do.
func marked(text []byte) bool {
	return bytes.Contains(text[:min(len(text), 100)], []byte(scriptMark))
}

// scriptPath gives the name under which the system runs a script.
func scriptPath(folder string) string {
	path := filepath.Join(folder, completerName)
	if runtime.GOOS == "windows" {
		path += ".cmd"
	}
	return path
}

// scriptText gives the script that calls the plugin.
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
	return fmt.Errorf("cannot write %s: %w; choose a folder of PATH that you may write with --dir", path, err)
}
