package cmd

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// secretPart is in every part of a URL that must not be repeated.
const secretPart = "S3CR3T"

// secretURLs are URLs, good and bad, with such parts.
func secretURLs(address string) []string {
	return []string{
		"http://user:" + secretPart + "@" + address + "/demo.yaml?token=" + secretPart + "#" + secretPart,
		"https://" + secretPart + "@127.0.0.1:1/demo.yaml",
		"https://127.0.0.1:1/demo?" + secretPart,
		"https://user:" + secretPart + "@[::1/demo.yaml",
		"https://us er:" + secretPart + "@127.0.0.1:1/demo.yaml",
		"https://us\x1ber:" + secretPart + "@127.0.0.1:1/demo.yaml",
		"HTTPS://user:" + secretPart + "@127.0.0.1:1/demo.yaml",
		"ftp://user:" + secretPart + "@127.0.0.1:1/demo.yaml",
		"ssh://git:" + secretPart + "@127.0.0.1:1/org/repo?timeout=1s",
		"git::https://" + secretPart + "@127.0.0.1:1/org/repo?ref=" + secretPart,
		"https://user:" + secretPart + "@127.0.0.1:1/org/repo?timeout=1s&ref=" + secretPart,
		"file://user:" + secretPart + "@host/repo",
		"https://user:" + secretPart + "/x@127.0.0.1:1/demo.yaml",
		"https://user:%" + secretPart + "@127.0.0.1:1/demo.yaml",
	}
}

// keepsSecret runs a command and looks for the secret in all that it prints.
func keepsSecret(t *testing.T, arguments ...string) {
	t.Helper()
	stdout, stderr, _ := run(t, arguments...)
	if strings.Contains(stdout+stderr, secretPart) {
		t.Errorf("%q prints\n%s\n%s", arguments, stdout, stderr)
	}
}

// TestArgumentsAreRedacted names sources by URLs with secrets in them, in every
// command that takes one.
func TestArgumentsAreRedacted(t *testing.T) {
	server := httptest.NewServer(&hostileServer{refuses: true})
	t.Cleanup(server.Close)
	kubeconfig := kubeconfigFor(t, server.URL, "")
	t.Setenv("GIT_SSH_COMMAND", "false")
	for _, address := range secretURLs(strings.TrimPrefix(server.URL, "http://")) {
		for _, command := range []string{"install --timeout=2s", "install --progress=json --timeout=2s", "check", "check -o json", "diff", "manifest", "images", "rbac"} {
			for _, flag := range []string{"-f", "-k", "--values"} {
				keepsSecret(t, append(strings.Fields(command), "--kubeconfig", kubeconfig, "--allow-http", flag, address)...)
			}
		}
	}
}

// TestServersAreRedacted has the kubeconfig hold secrets in the URLs of servers
// and proxies, those that answer and those that do not, for every command.
func TestServersAreRedacted(t *testing.T) {
	refuses, answers := httptest.NewServer(&hostileServer{refuses: true}), httptest.NewServer(&hostileServer{})
	t.Cleanup(refuses.Close)
	t.Cleanup(answers.Close)
	withUser := func(address string) string { return strings.Replace(address, "://", "://user:"+secretPart+"@", 1) }
	kubeconfigs := []string{
		kubeconfigFor(t, withUser(refuses.URL), ""),
		kubeconfigFor(t, withUser(answers.URL), ""),
		kubeconfigFor(t, "http://"+secretPart+"@127.0.0.1:1", ""),
		kubeconfigFor(t, withUser("https://127.0.0.1:1"), ""),
		kubeconfigFor(t, withUser("https://[::1"), ""),
		kubeconfigFor(t, "https://user:"+secretPart+"/x@127.0.0.1:1", ""),
		kubeconfigFor(t, "user:"+secretPart+"@127.0.0.1:1", ""),
		kubeconfigFor(t, answers.URL, `, proxy-url: "http://user:`+secretPart+`@127.0.0.1:1"`),
		kubeconfigFor(t, answers.URL, `, proxy-url: "socks5://user:`+secretPart+`@127.0.0.1:1"`),
		kubeconfigFor(t, answers.URL, `, proxy-url: "ftp://user:`+secretPart+`@127.0.0.1:1"`),
		kubeconfigFor(t, answers.URL, `, proxy-url: "http://user:`+secretPart+`@[::1"`),
		kubeconfigFor(t, answers.URL, `, proxy-url: "http://user:`+secretPart+`/x@127.0.0.1:1"`),
	}
	path := filepath.Join(t.TempDir(), "demo.yaml")
	if err := os.WriteFile(path, []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, kubeconfig := range kubeconfigs {
		for name, variants := range everyCommand {
			// With a manifest there is nothing to render, which takes a while.
			variant := variants[max(0, slices.IndexFunc(variants, func(one string) bool { return strings.Contains(one, "FILE") }))]
			arguments := append(strings.Fields(name+" "+strings.ReplaceAll(variant, "FILE", path)), "--kubeconfig", kubeconfig)
			keepsSecret(t, arguments...)
			if name == "install" || name == "uninstall" || name == "sample install" {
				keepsSecret(t, append(arguments, "--progress=json")...)
			}
		}
	}
}

// TestSourceIsRedacted looks at what the inventory keeps, and at where objects
// say that they come from.
func TestSourceIsRedacted(t *testing.T) {
	root := t.TempDir()
	server := httptest.NewServer(manifestServer("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"))
	t.Cleanup(server.Close)
	address := "http://user:" + secretPart + "@" + strings.TrimPrefix(server.URL, "http://") + "/demo.yaml?token=" + secretPart
	if err := os.WriteFile(filepath.Join(root, "kustomization.yaml"), []byte("resources: [\""+address+"\"]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, from := range []source{{files: []string{address}, allowHTTP: true}, {kustomize: root, allowHTTP: true}} {
		from.addonsGiven = func() bool { return false }
		read, err := from.read(t.Context(), genericiooptions.NewTestIOStreamsDiscard().In, "mesh")
		if err != nil || len(read.Objects) != 1 {
			t.Fatal(err)
		}
		if told := read.What + read.Objects[0].Source.String(); strings.Contains(told, secretPart) {
			t.Errorf("it is from %s", told)
		}
	}
	kustomization := source{kustomize: "https://user:" + secretPart + "@127.0.0.1:1/org/repo?ref=" + secretPart}
	read, err := kustomization.readFiles(t.Context(), nil)
	if want := "the kustomization https://127.0.0.1:1/org/repo"; err == nil || read.What != want {
		t.Errorf("it is %q, want %q; the error is %v", read.What, want, err)
	}
}
