package cluster

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
)

// portOptions are kwokctl's names for the ports of the processes.
var portOptions = []string{
	"etcdPeerPort", "etcdPort", "kubeApiserverPort", "kubeControllerManagerPort", "kubeSchedulerPort", "kwokControllerPort",
}

// podPorts are those ports of pods that can be forwarded. kwok forwards each
// port to one that is named, or all of them to the same.
var podPorts = []int{3000, 4317, 4318, 8080, 9090, 9411, 9876, 15000, 15010, 15012, 15014, 16686, 20001}

// drawAddress draws an address of this machine that no other cluster has.
func drawAddress() string {
	return fmt.Sprintf("127.%d.%d.%d", 2+rand.IntN(250), rand.IntN(256), 1+rand.IntN(254))
}

// freePort draws a port that nobody listens on, from below those of outgoing
// connections. It is none of pods': who has one of those has it at all
// addresses of this machine, that of the pods included.
func freePort(taken map[int]bool) (int, error) {
	const first, end = 10_000, 32_000
	for range end - first {
		port := first + rand.IntN(end-first)
		if taken[port] || slices.Contains(podPorts, port) {
			continue
		}
		if listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			return port, listener.Close()
		}
	}
	return 0, fmt.Errorf("no port from %d to %d is free", first, end)
}
