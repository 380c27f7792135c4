package cluster

import (
	"fmt"
	"os"
	"strings"
)

// writeSettings writes a configuration for kwokctl and kwok: each process gets
// a port of its own, the ports of pods lead to an address, and their logs are
// files. kwokctl itself takes the highest ports that are free, and all that
// start at the same moment anywhere on the machine would take the same; so
// would they take that of a process that is just being restarted.
func (c *Cluster) writeSettings(path string) error {
	var content strings.Builder
	content.WriteString("apiVersion: config.kwok.x-k8s.io/v1alpha1\nkind: KwokctlConfiguration\noptions:\n")
	taken := map[int]bool{}
	for _, option := range portOptions {
		port, err := freePort(taken)
		if err != nil {
			return err
		}
		taken[port] = true
		fmt.Fprintf(&content, "  %s: %d\n", option, port)
	}
	content.WriteString("---\napiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterPortForward\nmetadata: {name: pods}\nspec:\n  forwards:\n")
	for _, port := range podPorts {
		fmt.Fprintf(&content, "  - {ports: [%d], target: {address: %s, port: %[1]d}}\n", port, c.PodAddress)
	}
	content.WriteString("---\napiVersion: kwok.x-k8s.io/v1alpha1\nkind: ClusterLogs\nmetadata: {name: pods}\nspec:\n  logs:\n")
	fmt.Fprintf(&content, "  - {logsFile: %q, previousLogsFile: %q, follow: true}\n", c.PodLog, c.PreviousPodLog)
	for _, log := range []string{c.PodLog, c.PreviousPodLog} {
		if err := os.WriteFile(log, nil, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(path, []byte(content.String()), 0o644)
}
