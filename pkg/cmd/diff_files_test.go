package cmd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/kubectl/pkg/cmd/diff"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
)

func differing(group, version, kind, namespace, name string) install.Difference {
	return install.Difference{Ref: event.Object{Group: group, Kind: kind, Namespace: namespace, Name: name}, Version: version}
}

func TestFileName(t *testing.T) {
	for _, test := range []struct {
		of   install.Difference
		want string
	}{
		{differing("", "v1", "ConfigMap", "mesh", "istio"), "v1.ConfigMap.mesh.istio"},
		{differing("apps", "v1", "Deployment", "mesh", "istiod"), "apps.v1.Deployment.mesh.istiod"},
		{differing("", "v1", "Namespace", "", "mesh"), "v1.Namespace..mesh"},
		{differing("", "v1", "ConfigMap", "a", "/../../../x"), "v1.ConfigMap.a.%2F..%2F..%2F..%2Fx"},
		{differing("", "v1", "ConfigMap", "a", `..\..\x`), "v1.ConfigMap.a...%5C..%5Cx"},
		{differing("", "v1", "ConfigMap", "../../a", ".."), "v1.ConfigMap...%2F..%2Fa..%2E"},
		{differing("", "v1", "ConfigMap", "a", "b\x00c\nd"), "v1.ConfigMap.a.b%00c%0Ad"},
		{differing("", "v1", "ConfigMap", "a", "b%2Fc"), "v1.ConfigMap.a.b%252%46c"},
		// One that Windows takes for a stream of another file, and one that it
		// takes for a device.
		{differing("", "v1", "ClusterRole", "", "system:node"), "v1.ClusterRole..system%3Anode"},
		{differing("con", "v1", "Kind", "a", "b"), "%63on.v1.Kind.a.b"},
		{differing("nul.example.com", "v1", "Kind", "a", "b"), "%6Eul.example.com.v1.Kind.a.b"},
		{differing("", "com1", "Kind", "a", "b"), "%63om1.Kind.a.b"},
		{differing("", "v1", "ConfigMap", "a", "con"), "v1.ConfigMap.a.con"},
		{differing("console.example.com", "v1", "Kind", "a", "b"), "console.example.com.v1.Kind.a.b"},
		{differing("", "v1", "Role", "a", "Upper"), "v1.Role.a.%55pper"},
		{differing("", "v1", "Role", "a", "dot."), "v1.Role.a.dot%2E"},
		{differing("", "v1", "Role", "a", "space "), "v1.Role.a.space%20"},
		{differing("", "", "", "", ""), "%2E.%2E"},
	} {
		if got := fileName(test.of); got != test.want {
			t.Errorf("the file of %+v is %s, want %s", test.of, got, test.want)
		}
	}
	long := fileName(differing("", "v1", "Role", "a", strings.Repeat("b", 5000)))
	other := fileName(differing("", "v1", "Role", "a", strings.Repeat("b", 4999)))
	if len(long) > longestFile || len(other) > longestFile || long == other {
		t.Errorf("the files of long names are\n%s\n%s", long, other)
	}
}

// FuzzFileName makes the files of two objects: each one of its own, where it
// belongs.
func FuzzFileName(f *testing.F) {
	for _, name := range []string{"istio", "/../../x", `..\x`, "..", ".", "", "a\x00b", "con", "a.", "A", "%2F", strings.Repeat("é", 300)} {
		f.Add("apps", "v1", "Kind", "mesh", name, "istio")
		f.Add(name, name, name, name, name, name+".")
	}
	f.Fuzz(func(t *testing.T, group, version, kind, namespace, name, other string) {
		folder := t.TempDir()
		side := &diff.DiffVersion{Dir: &diff.Directory{Name: filepath.Join(folder, "LIVE")}}
		if err := os.Mkdir(side.Dir.Name, 0o700); err != nil {
			t.Fatal(err)
		}
		names := map[string]string{} // by what some file systems make of them
		for _, one := range []string{name, other} {
			file := fileName(differing(group, version, kind, namespace, one))
			if file != filepath.Base(file) || device.MatchString(file) || strings.ContainsAny(file, `<>:"/\|?*`+"\x00\n") || strings.HasSuffix(file, ".") {
				t.Errorf("%q is no file for every system", file)
			}
			before, taken := names[strings.ToLower(file)]
			if taken && before != one {
				t.Errorf("%q and %q are both %s", before, one, file)
			}
			if taken {
				continue
			}
			names[strings.ToLower(file)] = one
			if err := printSide(side, file, nil); err != nil {
				t.Fatal(err)
			}
		}
		inside, err := os.ReadDir(side.Dir.Name)
		if err != nil || len(inside) != len(names) {
			t.Errorf("there are %v, %v", inside, err)
		}
		if outside, err := os.ReadDir(folder); err != nil || len(outside) != 1 {
			t.Errorf("beside it there are %v, %v", outside, err)
		}
	})
}

// TestPrintSide never writes into what is there.
func TestPrintSide(t *testing.T) {
	folder := t.TempDir()
	side := &diff.DiffVersion{Dir: &diff.Directory{Name: folder}}
	theirs := filepath.Join(t.TempDir(), "theirs")
	if err := os.WriteFile(theirs, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(theirs, filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{Object: map[string]any{"kind": "ConfigMap"}}
	if err := printSide(side, "file", object); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"file", "link"} {
		if err := printSide(side, name, object); !os.IsExist(err) {
			t.Errorf("the second time %s is %v", name, err)
		}
	}
	if got, err := os.ReadFile(theirs); string(got) != "precious" {
		t.Errorf("there is %q, %v", got, err)
	}
}

// TestDiffOfAnother has a server answer about another object than it was asked
// for, whose name leads to a file of the user's.
func TestDiffOfAnother(t *testing.T) {
	folder := t.TempDir()
	theirs := filepath.Join(folder, "theirs")
	if err := os.WriteFile(theirs, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	// kubectl's temporary folders are two below.
	if err := os.MkdirAll(filepath.Join(folder, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", filepath.Join(folder, "tmp"))
	t.Setenv("KUBECONFIG", filepath.Join(folder, "none"))
	t.Setenv("KUBECTL_EXTERNAL_DIFF", "true")
	manifest := filepath.Join(folder, "a.yaml")
	if err := os.WriteFile(manifest, []byte("{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: a}, data: {k: v}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	const another = `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"namespace":"a","name":"/../../../theirs","uid":"1"},"data":{"k":"theirs"}}`
	for _, lies := range []string{http.MethodGet, http.MethodPatch} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch honest := strings.Replace(another, "/../../../theirs", "b", 1); {
			case request.URL.Path == "/api/v1/namespaces/a/configmaps/b" && request.Method == lies:
				_, _ = io.WriteString(w, another)
			case request.URL.Path == "/api/v1/namespaces/a/configmaps/b":
				_, _ = io.WriteString(w, strings.Replace(honest, `"k":"theirs"`, `"k":"`+request.Method+`"`, 1))
			case request.URL.Path == "/api/v1/namespaces/a":
				_, _ = io.WriteString(w, `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"a","uid":"2"}}`)
			default:
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, `{"apiVersion":"v1","kind":"Status","status":"Failure","reason":"NotFound","code":404}`)
			}
		}))
		streams, _, _, stderr := genericiooptions.NewTestIOStreams()
		code := Run(t.Context(), []string{"diff", "-f", manifest, "-n", "a", "--server", server.URL}, streams, "", func() {})
		server.Close()
		const want = `the API server returned configmap a//../../../theirs instead of configmap a/b`
		if code != exitTrouble || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: exit code %d\n%s", lies, code, stderr)
		}
		if got, err := os.ReadFile(theirs); string(got) != "precious" {
			t.Errorf("%s: the file has become %q, %v", lies, got, err)
		}
	}
}
