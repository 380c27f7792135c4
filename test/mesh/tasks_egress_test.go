package mesh

import (
	"fmt"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// outside is a server without a sidecar, as one on the internet has none.
const outside = `apiVersion: v1
kind: Namespace
metadata: {name: outside}
---
apiVersion: v1
kind: Pod
metadata: {name: httpbin, namespace: outside}
spec: {containers: [{name: main, image: "` + httpbin + `"}]}
`

const registryOnly = `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default}
spec: {outboundTrafficPolicy: {mode: REGISTRY_ONLY}}
`

// external is a server that is not in the mesh, known to it by a name.
func external(address string) string {
	return fmt.Sprintf(`---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: external}
spec:
  hosts: [external.example.com]
  location: MESH_EXTERNAL
  resolution: STATIC
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 8080}]
  endpoints: [{address: %s}]
`, address)
}

func (m mesh) outside(t *testing.T) string {
	m.Must(t, "kubectl", "wait", "pod/httpbin", "-n", "outside", "--for=condition=Ready", "--timeout=60s")
	return strings.TrimSpace(m.Must(t, "kubectl", "get", "pod", "httpbin", "-n", "outside", "-o", "jsonpath={.status.podIP}"))
}

// named has curl ask for the external server, whose name no DNS server knows.
var named = []string{"--resolve", "external.example.com:80:203.0.113.1", "http://external.example.com/headers"}

// externalServices lets requests out to all, to none, and to those that are
// registered.
func externalServices(t *testing.T, m mesh) {
	address := m.outside(t)
	direct := status("http://" + address + ":8080/get")
	m.wantFromMesh(t, "200", direct...)
	defer m.apply(t, registryOnly)()
	m.wantFromMesh(t, "502|000", direct...)
	defer m.apply(t, external(address))()
	m.wantFromMesh(t, "200", status(named...)...)
}

const egress = `---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: egress}
spec:
  selector: {istio: egressgateway}
  servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [external.example.com]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: egress}
spec:
  hosts: [external.example.com]
  gateways: [egress, mesh]
  http:
  - {match: [{gateways: [mesh], port: 80}], route: [{destination: {host: istio-egressgateway.istio-system.svc.cluster.local, port: {number: 80}}}]}
  - {match: [{gateways: [egress], port: 80}], route: [{destination: {host: external.example.com, port: {number: 80}}}]}
`

// egressGateway has requests leave the mesh at one place, which logs them.
func egressGateway(t *testing.T, m mesh) {
	defer m.apply(t, external(m.outside(t))+egress)()
	m.Until(t, func(got user.Result) bool {
		m.wantFromMesh(t, "200", status(named...)...)
		return user.Prints(`"GET /headers HTTP/[12.]*" 200 .*"external\.example\.com"`)(got)
	}, "kubectl", "istio-demo", "logs", "istio-egressgateway", "--tail=-1")
}
