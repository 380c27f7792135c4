package cluster

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"strconv"
)

const (
	// machineAddress is the machine's in the cluster's own network; the
	// addresses after it are those of pods that really run. The range is
	// reserved for such networks, and is no Service's.
	machineAddress = "198.18.0.1"
	// networkBits is how much of an address says that it is in that network.
	networkBits = "/16"
	// bridge connects the pods with each other and with the machine.
	bridge = "pods"
)

// raiseNetwork makes this namespace's network usable, for this machine and for
// pods.
func raiseNetwork() error {
	return ips(
		[]string{"link", "set", "lo", "up"},
		[]string{"link", "add", bridge, "type", "bridge"},
		[]string{"address", "add", machineAddress + networkBits, "dev", bridge},
		[]string{"link", "set", bridge, "up"},
	)
}

// podAddress gives the address of the pod with a number, from 1 on.
func podAddress(number int) string {
	return net.IPv4(198, 18, byte((number+1)>>8), byte(number+1)).String()
}

// attach connects the network of a pod's process with this one.
func attach(pid int) error {
	name := "pod" + strconv.Itoa(pid)
	return ips(
		[]string{"link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(pid)},
		[]string{"link", "set", name, "master", bridge, "up"},
	)
}

// joinNetwork raises the network of the pod that this process is in, after it
// was attached. What is not a pod is reached through the machine.
func joinNetwork(address string) error {
	return ips(
		[]string{"link", "set", "lo", "up"},
		[]string{"address", "add", address + networkBits, "dev", "eth0"},
		[]string{"link", "set", "eth0", "up"},
		[]string{"route", "add", "default", "via", machineAddress},
	)
}

// addAddress gives this machine an address, which is no error if it has it.
func addAddress(address string) error {
	return ips([]string{"address", "replace", address + "/32", "dev", "lo"})
}

func ips(commands ...[]string) error {
	for _, arguments := range commands {
		output, err := exec.Command("ip", arguments...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("ip %s %s: %w: %s", arguments[0], arguments[1], err, bytes.TrimSpace(output))
		}
	}
	return nil
}
