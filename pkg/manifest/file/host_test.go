package file

import (
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// git runs git in a folder.
func git(t *testing.T, dir string, arguments ...string) string {
	t.Helper()
	command := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"}, arguments...)...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v: %s", arguments, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit makes a repository of files, with a tag.
func commit(t *testing.T, dir string) {
	t.Helper()
	git(t, dir, "init", "--quiet")
	git(t, dir, "add", ".")
	git(t, dir, "commit", "--quiet", "-m", "first")
	git(t, dir, "tag", "v1.0")
}

// host serves the repositories of a folder, as GitHub does, and its files below
// /raw. It counts the requests.
type host struct {
	*httptest.Server
	requests atomic.Int32
}

func newHost(t *testing.T, root string, encrypted bool) *host {
	t.Helper()
	backend := &cgi.Handler{
		Path: filepath.Join(git(t, root, "--exec-path"), "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"},
		// What it says of a repository that is not there is no news here.
		Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
	}
	mux := http.NewServeMux()
	mux.Handle("/raw/", http.StripPrefix("/raw/", http.FileServer(http.Dir(root))))
	mux.Handle("/", backend)
	h := &host{}
	h.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(out http.ResponseWriter, request *http.Request) {
		h.requests.Add(1)
		mux.ServeHTTP(out, request)
	}))
	h.Config.ErrorLog = log.New(io.Discard, "", 0)
	if encrypted {
		h.StartTLS()
	} else {
		h.Start()
	}
	t.Cleanup(h.Close)
	return h
}

// repositories are some that name each other.
func repositories(t *testing.T) (string, *host) {
	t.Helper()
	root := folder(t, map[string]string{
		"raw.yaml":                              configMap("raw"),
		"org/repo/kustomization.yaml":           "resources: [a.yaml, sub, sub/../other]\n",
		"org/repo/a.yaml":                       configMap("a"),
		"org/repo/sub/kustomization.yml":        "resources: [b.yaml]\n",
		"org/repo/sub/b.yaml":                   configMap("b"),
		"org/repo/other/kustomization.yaml":     "resources: [c.yaml]\n",
		"org/repo/other/c.yaml":                 configMap("c"),
		"org/repo/component/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: comp-\n",
		"org/out/kustomization.yaml":            "resources: [link]\n",
		"org/file/kustomization.yaml":           "resources: [link/raw.yaml]\n",
		"org/loop/kustomization.yaml":           "resources: [SERVER/org/loop]\n",
		"org/nested/kustomization.yaml":         "resources: [\"SERVER/org/repo//sub\", SERVER/raw/raw.yaml]\n",
	})
	server := newHost(t, root, false)
	for _, name := range []string{"loop", "nested"} {
		path := root + "/org/" + name + "/kustomization.yaml"
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, []byte(strings.ReplaceAll(string(data), "SERVER", server.URL)), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"out", "file"} {
		if err := os.Symlink(root, root+"/org/"+name+"/link"); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"repo", "out", "file", "loop", "nested"} {
		commit(t, root+"/org/"+name)
	}
	return root, server
}
