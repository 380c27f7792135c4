package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
)

// portOptions are kwokctl's names for the ports of the processes.
var portOptions = []string{
	"etcdPeerPort", "etcdPort", "kubeApiserverPort", "kubeControllerManagerPort", "kubeSchedulerPort", "kwokControllerPort",
}

// podPorts are those ports of pods that can be forwarded. kwok forwards each
// port to one that is named, or all of them to the same.
var podPorts = []int{3000, 8080, 9090, 9411, 9876, 15000, 15010, 15012, 15014, 16686, 20001}

// drawAddress draws an address of this machine that no other cluster has.
func drawAddress() string {
	return fmt.Sprintf("127.%d.%d.%d", 2+rand.IntN(250), rand.IntN(256), 1+rand.IntN(254))
}

// writeSettings writes a configuration for kwokctl that gives each process a
// port of its own, the API server that which is given unless it is 0, and
// leads the ports of pods to an address. kwokctl itself takes the highest that
// are free, and all that start at the same moment anywhere on the machine
// would take the same; so would they take that of a process that is just being
// restarted.
func writeSettings(path, podAddress string, apiServerPort int) error {
	var content strings.Builder
	content.WriteString("apiVersion: config.kwok.x-k8s.io/v1alpha1\nkind: KwokctlConfiguration\noptions:\n")
	taken := map[int]bool{apiServerPort: true}
	for _, option := range portOptions {
		port, err := freePort(taken)
		if err != nil {
			return err
		}
		if option == "kubeApiserverPort" && apiServerPort != 0 {
			port = apiServerPort
		}
		taken[port] = true
		fmt.Fprintf(&content, "  %s: %d\n", option, port)
	}
	content.WriteString("---\napiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterPortForward\nmetadata: {name: pods}\nspec:\n  forwards:\n")
	for _, port := range podPorts {
		fmt.Fprintf(&content, "  - {ports: [%d], target: {address: %s, port: %[1]d}}\n", port, podAddress)
	}
	return os.WriteFile(path, []byte(content.String()), 0o644)
}

// freePort draws a port that nobody listens on, from below those of outgoing
// connections.
func freePort(taken map[int]bool) (int, error) {
	const first, end = 10_000, 32_000
	for range end - first {
		port := first + rand.IntN(end-first)
		if taken[port] {
			continue
		}
		if listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("no port from %d to %d is free", first, end)
}
