package mesh

import (
	"net/http"
	"os"
	"testing"
)

// TestKilled ends what takes part in an install, one after the other: the same
// command goes on from there, and the mesh serves.
func TestKilled(t *testing.T) {
	t.Parallel()
	m := startMesh(t, 0)
	install := append(append([]string{"kubectl", "istio-demo", "install"}, stockEnvoy...), "--addons=none", "--progress=plain")
	killed := m.Start(t, install...)
	killed.WaitFor(t, `  waiting for \d+ objects to become ready`)
	killed.End(t, os.Kill)
	m.mustInstall(t, "--addons=none")
	m.Must(t, "kubectl", "istio-demo", "sample", "install", "httpbin", "--yes")
	m.MustPipe(t, headersRoute, "kubectl", "apply", "-f", "-")
	for _, program := range []string{"pilot-discovery", "kubelet", "containerd"} {
		t.Run(program, func(t *testing.T) {
			if err := m.node.Kill(program); err != nil {
				t.Fatal(err)
			}
			m.mustInstall(t, "--addons=none")
			if status := m.Run(t, "kubectl", "istio-demo", "status"); status.Code != 0 {
				t.Errorf("status: exit code %d\n%s%s", status.Code, status.Stdout, status.Stderr)
			}
			wantPage(t, m.gateway(t)+"/headers", "headers.example.com", http.StatusOK, "X-Forwarded-Client-Cert")
		})
	}
}
