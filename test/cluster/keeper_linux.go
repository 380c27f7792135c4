package cluster

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// machineAddress is the machine's in the cluster's own network; the addresses
// after it are those of istiod's pods. The range is reserved for such
// networks, and is no Service's.
const machineAddress = "198.18.0.1"

// started is what the keeper reports when the cluster is up.
const started = "started"

// Keep has to be called first in a program that starts clusters with istiod.
// Such a program starts itself once more in namespaces of its own, and there
// Keep does not return.
func Keep() {
	if os.Args[0] != keeper {
		return
	}
	if err := keep(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// keep starts a cluster in this namespace, runs its istiod and ends with the
// process that wanted it. Without arguments it only tries the network.
func keep(arguments []string) error {
	for _, file := range []int{listenerFile, reportFile, lifelineFile} {
		syscall.CloseOnExec(file) // or the reader of the report would wait for all that are started here
	}
	if err := raiseLoopback(); err != nil || len(arguments) == 0 {
		return err
	}
	report := os.NewFile(reportFile, "report")
	lifeline := os.NewFile(lifelineFile, "lifeline")
	socket := os.NewFile(listenerFile, "listener")
	if info, err := lifeline.Stat(); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		go func() {
			_, _ = io.Copy(io.Discard, lifeline)
			os.Exit(0) // and the kernel ends all the others
		}()
	}
	err := keepCluster(arguments, socket, func() {
		fmt.Fprint(report, started)
		report.Close()
	})
	fmt.Fprint(report, err)
	return err
}

func keepCluster(arguments []string, socket *os.File, up func()) error {
	c := New(arguments[0], arguments[1], arguments[2])
	c.Istiod = arguments[3]
	nodes, err := strconv.Atoi(arguments[4])
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(arguments[5])
	if err != nil {
		return err
	}
	outside, err := net.FileListener(socket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	// kwok leaves the pods of istiod to the kubelet here.
	err = c.create(ctx, nodes, port, "kube-apiserver=advertise-address="+machineAddress,
		"kwok-controller=disregard-status-with-label-selector="+istiodLabel)
	if err != nil {
		return err
	}
	kubelet, err := newKubelet(c)
	if err != nil {
		return err
	}
	up()
	go lead(outside, func() string { return net.JoinHostPort("127.0.0.1", arguments[5]) })
	kubelet.run(context.Background())
	return nil
}

// raiseLoopback makes this namespace's network usable.
func raiseLoopback() error {
	if err := ip("link", "set", "lo", "up"); err != nil {
		return err
	}
	return addAddress(machineAddress)
}

// addAddress gives this network an address, which is no error if it has it.
func addAddress(address string) error {
	return ip("address", "replace", address+"/32", "dev", "lo")
}

func ip(arguments ...string) error {
	output, err := exec.Command("ip", arguments...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", arguments[0], err, bytes.TrimSpace(output))
	}
	return nil
}

// lead leads the connections of a listener on to where the target is when they
// come, until the listener is closed.
func lead(listener net.Listener, target func() string) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer from.Close()
			to, err := net.Dial("tcp", target())
			if err != nil {
				return
			}
			defer to.Close()
			go func() {
				_, _ = io.Copy(to, from)
				if half, ok := to.(*net.TCPConn); ok {
					_ = half.CloseWrite()
				}
			}()
			_, _ = io.Copy(from, to)
		}()
	}
}
