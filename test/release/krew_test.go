package release

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

const (
	address = "https://github.com/kubectl-istio-demo/kubectl-istio-demo/releases/download"
	// next is a version after all that are released.
	next = "v99.0.0"
)

// serve serves archives as a release's page would, and gives the manifest that
// goreleaser has made of them, leading there.
func serve(t *testing.T, folder, version string) string {
	t.Helper()
	server := httptest.NewServer(http.StripPrefix("/"+version+"/", http.FileServer(http.Dir(folder))))
	t.Cleanup(server.Close)
	data, err := os.ReadFile(filepath.Join(folder, "istio-demo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	served := strings.ReplaceAll(string(data), address, server.URL)
	if strings.Contains(served, "https://github.com/kubectl-istio-demo/kubectl-istio-demo/releases") || !strings.Contains(served, server.URL+"/"+version+"/") {
		t.Fatalf("the manifest leads elsewhere:\n%s", served)
	}
	return served
}

// write writes a file, and the folders above it.
func write(t *testing.T, content string, path ...string) string {
	t.Helper()
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestValidator has krew's own validator read plugin.yaml, and install the
// archive of every platform.
func TestValidator(t *testing.T) {
	served := serve(t, built(t), ours(t).Spec.Version)
	validator := filepath.Join(releaseTools, "validate-krew-manifest")
	// It has krew install, by way of kubectl.
	environment := newPerson(t, "/nowhere").environment
	if _, err := run(environment, validator, "-skip-install", "-manifest", write(t, ours(t).text, t.TempDir(), "istio-demo.yaml")); err != nil {
		t.Errorf("plugin.yaml: %v", err)
	}
	if _, err := run(environment, validator, "-manifest", write(t, served, t.TempDir(), "istio-demo.yaml")); err != nil {
		t.Error(err)
	}
	// What it accepts would mean nothing if it accepted everything.
	for _, sum := range measured(t, built(t)) {
		served = strings.ReplaceAll(served, sum, strings.Repeat("0", 64))
	}
	if _, err := run(environment, validator, "-manifest", write(t, served, t.TempDir(), "istio-demo.yaml")); err == nil {
		t.Error("checksums of other archives are accepted")
	}
}

// person has kubectl and krew, and nothing else.
type person struct {
	home, krew  string
	environment []string
}

func newPerson(t *testing.T, kubeconfig string) *person {
	t.Helper()
	home := t.TempDir()
	p := &person{home: home, krew: filepath.Join(home, ".krew")}
	programs := filepath.Join(home, "bin")
	if err := os.Mkdir(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string]string{"kubectl": filepath.Join(tools, "kubectl"), "kubectl-krew": filepath.Join(releaseTools, "krew")} {
		if err := os.Symlink(program, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	p.environment = []string{
		"HOME=" + home,
		"KUBECONFIG=" + kubeconfig,
		"KREW_NO_UPGRADE_CHECK=1",
		"PATH=" + strings.Join([]string{filepath.Join(p.krew, "bin"), programs, "/usr/bin", "/bin"}, ":"),
		"GIT_AUTHOR_NAME=index", "GIT_AUTHOR_EMAIL=index@localhost", "GIT_COMMITTER_NAME=index", "GIT_COMMITTER_EMAIL=index@localhost",
	}
	return p
}

// types runs a command as a line of a shell and gives what it says.
func (p *person) types(t *testing.T, line string) (said string, ok bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "/bin/sh", "-c", line)
	command.Dir, command.Env = p.home, p.environment
	output, err := command.CombinedOutput()
	return string(output), err == nil
}

// must types a command that has to succeed and whose answer has these words.
func (p *person) must(t *testing.T, line string, words ...string) {
	t.Helper()
	said, ok := p.types(t, line)
	if !ok {
		t.Fatalf("$ %s\n%s", line, said)
	}
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("$ %s\n%s\nhas no %q", line, said, word)
		}
	}
}

// TestKrew takes the way of users: krew installs an archive, and then from an
// index; the plugin installs the demo, is upgraded, and goes.
func TestKrew(t *testing.T) {
	version := ours(t).Spec.Version
	folder := built(t)
	served := serve(t, folder, version)
	control := cluster.New(tools, scratch, "release")
	t.Cleanup(func() {
		if err := control.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if err := control.Start(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	p := newPerson(t, control.Kubeconfig)

	index := filepath.Join(p.home, "index")
	write(t, served, index, "plugins", "istio-demo.yaml")
	p.must(t, "cd index && git init -q && git add . && git commit -qm "+version)
	p.must(t, "kubectl krew index add istio-demo file://"+index)

	archive := filepath.Join(folder, "kubectl-istio_demo_linux_"+runtime.GOARCH+".tar.gz")
	p.must(t, "kubectl krew install --manifest="+write(t, served, p.home, "plugin.yaml")+" --archive="+archive, "Installed plugin: istio-demo")
	p.must(t, "kubectl istio-demo version --client", "Client Version: "+version+"\n")
	p.must(t, "kubectl krew uninstall istio-demo")

	p.must(t, "kubectl krew search istio-demo", "istio-demo/istio-demo", "Install Istio's demo and see it run", "no")
	p.must(t, "kubectl krew install istio-demo/istio-demo", "Installed plugin: istio-demo", "kubectl istio-demo completion --install")
	for _, name := range []string{"LICENSE", "man/kubectl-istio-demo.1"} {
		if _, err := os.Stat(filepath.Join(p.krew, "store", "istio-demo", version, name)); err != nil {
			t.Error(err)
		}
	}
	p.must(t, "kubectl istio-demo install --timeout=100s", "istiod-", "istio-ingressgateway-", "Running")
	p.must(t, "kubectl istio-demo pods", "istiod-", "kiali-", "Running")
	p.must(t, "kubectl istio-demo completion --install", filepath.Join(p.krew, "bin", "kubectl_complete-istio_demo")+" created")

	p.upgrade(t, index)
	p.must(t, "kubectl istio-demo status", "istiod")
	p.must(t, "kubectl __complete istio-demo ins", "install\t")
	p.must(t, "kubectl istio-demo uninstall --yes")
	p.must(t, "kubectl krew uninstall istio-demo", "Uninstalled plugin: istio-demo")
	if said, ok := p.types(t, "kubectl istio-demo version --client"); ok {
		t.Errorf("it is still there:\n%s", said)
	}
}

// upgrade puts the next version into the index and takes it.
func (p *person) upgrade(t *testing.T, index string) {
	t.Helper()
	folder, err := archives(nil, "HEAD", next, runtime.GOOS+"/"+runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	write(t, serve(t, folder, next), index, "plugins", "istio-demo.yaml")
	p.must(t, "cd index && git commit -qam "+next)
	p.must(t, "kubectl krew upgrade istio-demo", "Upgraded plugin: istio-demo")
	p.must(t, "kubectl istio-demo version --client", "Client Version: "+next+"\n")
}
