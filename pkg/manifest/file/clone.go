package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
)

// inherited are the variables by which git, when it runs a hook, tells where its
// own repository is.
var inherited = []string{"GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=", "GIT_OBJECT_DIRECTORY=", "GIT_COMMON_DIR=", "GIT_NAMESPACE=", "GIT_ALLOW_PROTOCOL="}

// clone fetches one commit of a repository into an empty folder. kustomize's own
// way to do this hands names to git as options, allows every transport, asks for
// passwords and cannot be ended. Submodules are not fetched, large files stay
// pointers, and no hook is run.
func clone(ctx context.Context, from repository, into string, allowHTTP bool) error {
	program, err := exec.LookPath("git")
	if err != nil {
		return errors.New("git is not installed")
	}
	limited, cancel := context.WithTimeout(ctx, from.timeout)
	defer cancel()
	transports := "https:ssh"
	if allowHTTP {
		transports += ":http"
	}
	environment := slices.DeleteFunc(os.Environ(), func(variable string) bool {
		return slices.ContainsFunc(inherited, func(prefix string) bool { return strings.HasPrefix(variable, prefix) })
	})
	// What leads elsewhere, such as a redirect, is held to these, too.
	environment = append(environment, "GIT_ALLOW_PROTOCOL="+transports, "GIT_TERMINAL_PROMPT=0", "GIT_LFS_SKIP_SMUDGE=1", "LC_ALL=C")
	ref := from.ref
	if ref == "" {
		ref = "HEAD"
	}
	for _, arguments := range [][]string{
		{"init", "--quiet"},
		{"fetch", "--quiet", "--depth=1", "--no-recurse-submodules", "--", from.address, ref},
		{"checkout", "--quiet", "FETCH_HEAD"},
	} {
		command := exec.CommandContext(limited, program, append([]string{"-c", "core.hooksPath=" + os.DevNull}, arguments...)...)
		command.Dir, command.Env = into, environment
		apart(command)
		command.WaitDelay = 5 * time.Second // helpers may hold its output open
		said := &lastWords{}
		command.Stdout, command.Stderr = said, said
		if err := command.Run(); err != nil {
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case limited.Err() != nil:
				return fmt.Errorf("git timed out after %s; raise the limit with ?timeout=", from.timeout)
			}
			return fmt.Errorf("git: %s", said.line(from, err))
		}
	}
	return nil
}

// lastWords keeps the end of what git says; a server may have it say anything.
type lastWords struct{ kept []byte }

const maxWords = 4 << 10

// Write never fails.
func (w *lastWords) Write(data []byte) (int, error) {
	w.kept = append(w.kept, data[max(0, len(data)-maxWords):]...)
	w.kept = w.kept[max(0, len(w.kept)-maxWords):]
	return len(data), nil
}

// line returns it in one line and without what is secret in URLs.
func (w *lastWords) line(from repository, err error) string {
	said := bytes.Fields(w.kept)
	if len(said) == 0 {
		return err.Error()
	}
	text := string(bytes.Join(said, []byte(" ")))
	return redact.Text(strings.ReplaceAll(text, from.address, redact.URL(from.address)))
}

// cloned returns the folder that a repository's kustomization was fetched into,
// once for each repository and ref, and the root of its repository.
func (t *tree) cloned(from repository) (string, error) {
	key := from.address + "\x00" + from.ref
	root, known := t.clones[key]
	if !known {
		if err := t.another(); err != nil {
			return "", err
		}
		var err error
		if root, err = t.newFolder(); err != nil {
			return "", err
		}
		if err := clone(t.ctx, from, root, t.options.AllowHTTP); err != nil {
			return "", fmt.Errorf("cannot fetch the repository %s: %w", redact.URL(from.address), err)
		}
		t.clones[key] = root
	}
	folder, name, err := t.FileSystem.CleanedAbs(filepath.Join(root, filepath.FromSlash(from.folder)))
	if err != nil || name != "" || !inside(folder.String(), root) {
		return "", fmt.Errorf("the repository %s has no folder %q", redact.URL(from.address), from.folder)
	}
	return folder.String(), nil
}

// newFolder makes one for a clone, below one that is deleted in the end.
func (t *tree) newFolder() (folder string, err error) {
	if t.temporary == "" {
		made, err := filesys.NewTmpConfirmedDir()
		t.temporary = made.String()
		if err != nil {
			return "", fmt.Errorf("cannot create a directory for the repository: %w", err)
		}
	}
	if folder, err = os.MkdirTemp(t.temporary, "clone-"); err != nil {
		return "", fmt.Errorf("cannot create a directory for the repository: %w", err)
	}
	return folder, nil
}

// inside reports whether a path that was cleaned is another one or below it.
func inside(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+string(filepath.Separator))
}
