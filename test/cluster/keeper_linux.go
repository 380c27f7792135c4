package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// started is what the keeper reports when the cluster is up.
const started = "started"

// Keep has to be called first in a program that starts clusters with istiod.
// Such a program starts itself once more in namespaces of its own, and there
// again for each pod that really runs; in neither does Keep return.
func Keep() {
	var err error
	switch os.Args[0] {
	case keeper:
		err = keep(os.Args[1:])
	case entrant:
		err = enter(os.Stdin)
	default:
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// keep starts a cluster in this namespace, runs its pods and ends with the
// process that wanted it. Without arguments it only tries the network.
func keep(arguments []string) error {
	for _, file := range []int{listenerFile, reportFile, lifelineFile} {
		syscall.CloseOnExec(file) // or the reader of the report would wait for all that are started here
	}
	if err := raiseNetwork(); err != nil || len(arguments) == 0 {
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
	c.Observers = arguments[4]
	nodes, err := strconv.Atoi(arguments[5])
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(arguments[6])
	if err != nil {
		return err
	}
	outside, err := net.FileListener(socket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	// kwok leaves the pods that really run to the kubelet here. kwokctl mixes up
	// the arguments unless each program's first comes before any other's second.
	err = c.create(ctx, nodes, port,
		"kube-apiserver=advertise-address="+machineAddress,
		"kwok-controller=disregard-status-with-label-selector="+really(c.programs()),
		"kube-apiserver=service-cluster-ip-range="+serviceRange,
		"kwok-controller=cidr="+playedRange)
	if err != nil {
		return err
	}
	if err := leadAPIServer(arguments[6]); err != nil {
		return err
	}
	kubelet, err := newKubelet(c)
	if err != nil {
		return err
	}
	up()
	go lead(outside, func() string { return net.JoinHostPort("127.0.0.1", arguments[6]) })
	kubelet.run(context.Background())
	return nil
}

// reap asks for the exit codes of those processes of the control plane that
// have ended. They are orphans, and so the keeper's, if there is one: until then
// kwokctl takes them for running.
func (c *Cluster) reap() error {
	files, err := filepath.Glob(filepath.Join(c.dir, "clusters", c.Name, "pids", "*.pid"))
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if _, err := unix.Wait4(pid, nil, unix.WNOHANG, nil); err != nil && !errors.Is(err, unix.ECHILD) {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// leadAPIServer leads the address that pods know the API server by to the port
// where it listens.
func leadAPIServer(port string) error {
	if err := addAddress(apiServerAddress); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(apiServerAddress, "443"))
	if err != nil {
		return err
	}
	go lead(listener, func() string { return net.JoinHostPort("127.0.0.1", port) })
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
