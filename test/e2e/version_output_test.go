package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

func TestVersion(t *testing.T) {
	u := user.New(t, controlplane.Shared(t).Kubeconfig)
	var kubectl struct {
		ServerVersion struct{ GitVersion string } `json:"serverVersion"`
	}
	if err := json.Unmarshal([]byte(u.Must(t, "kubectl", "version", "-o", "json")), &kubectl); err != nil {
		t.Fatal(err)
	}
	var ours struct {
		ClientVersion, ServerVersion struct{ GitVersion string }
		IstioVersion                 string
	}
	if err := json.Unmarshal([]byte(u.Must(t, "kubectl", "istio-demo", "version", "-o", "json")), &ours); err != nil {
		t.Fatal(err)
	}
	if ours.ServerVersion != kubectl.ServerVersion || ours.IstioVersion != "1.31.0" || ours.ClientVersion.GitVersion == "" {
		t.Errorf("got %+v, and kubectl %+v", ours, kubectl)
	}
	if text := u.Must(t, "kubectl", "istio-demo", "version"); !strings.HasSuffix(text, "Istio Version: 1.31.0\nServer Version: "+kubectl.ServerVersion.GitVersion+"\n") {
		t.Errorf("got %s", text)
	}
	nowhere := user.New(t, "/no/such/file")
	if text := nowhere.Must(t, "kubectl", "istio-demo", "version"); strings.Contains(text, "Server") {
		t.Errorf("without a kubeconfig it says %s", text)
	}
	if yaml := nowhere.Must(t, "kubectl", "istio-demo", "version", "--client", "-o", "yaml"); !strings.Contains(yaml, "istioVersion: 1.31.0\n") {
		t.Errorf("got %s", yaml)
	}
}
