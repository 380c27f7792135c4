package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/apiproxy"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// count counts what each tool asks, and sees which objects it leaves.
func (l *lab) count(ctx context.Context, run *report.Run, contenders []contender) error {
	for _, contender := range contenders {
		err := l.with(ctx, func(control *cluster.Cluster) error { return l.countOne(ctx, control, run, contender) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) countOne(ctx context.Context, control *cluster.Cluster, run *report.Run, contender contender) error {
	// What passes a proxy is not timed, since that takes time itself.
	session, err := l.newSession()
	if err != nil {
		return err
	}
	counter, err := apiproxy.Open(control.Kubeconfig, session.kubeconfig())
	if err != nil {
		return err
	}
	defer counter.Close()
	installed, err := session.count(ctx, counter, contender.name, report.Install, contender.install)
	if err != nil {
		return err
	}
	if installed.Missing, err = l.missing(ctx, control, run); err != nil {
		return err
	}
	run.Counts = append(run.Counts, installed)
	if len(contender.again) == 0 {
		return nil
	}
	again, err := session.count(ctx, counter, contender.name, report.Again, contender.again)
	if err != nil {
		return err
	}
	run.Counts = append(run.Counts, again)
	if contender.name == report.Ours {
		if err := l.countPods(ctx, session, counter, run); err != nil {
			return err
		}
	}
	if len(contender.uninstall) == 0 {
		return nil
	}
	if err := session.runAll(ctx, contender.prepare); err != nil {
		return err
	}
	uninstalled, err := session.count(ctx, counter, contender.name, report.Uninstall, contender.uninstall)
	run.Counts = append(run.Counts, uninstalled)
	return err
}

// countPods counts what a table of pods takes.
func (l *lab) countPods(ctx context.Context, session *session, counter *apiproxy.Proxy, run *report.Run) error {
	for _, shower := range showers {
		empty, err := l.folder("cache")
		if err != nil {
			return err
		}
		// What the first has put into the cache, the second finds there.
		for _, operation := range []report.Operation{report.PodsCold, report.PodsWarm} {
			found, err := session.count(ctx, counter, shower.name, operation, []step{cold(shower.command, empty)})
			if err != nil {
				return err
			}
			run.Counts = append(run.Counts, found)
		}
	}
	return nil
}

// count counts the requests of an operation.
func (s *session) count(ctx context.Context, counter *apiproxy.Proxy, tool string, operation report.Operation, steps []step) (report.Count, error) {
	counter.Drain()
	if err := s.runAll(ctx, steps); err != nil {
		return report.Count{}, err
	}
	requests, _ := counter.Drain()
	fmt.Fprintf(os.Stderr, "counted: %-28s %-10s %5d requests\n", tool, operation, len(requests))
	return report.Count{Tool: tool, Operation: operation, Requests: len(requests)}, nil
}

// missing names the objects of the manifest that are not on a control plane.
func (l *lab) missing(ctx context.Context, control *cluster.Cluster, run *report.Run) ([]string, error) {
	demo := filepath.Join(l.dir, "demo.yaml")
	wanted, err := l.kubectl(ctx, control, "create", "--dry-run=client", "-o", "name", "-f", demo)
	if err != nil {
		return nil, err
	}
	found, err := l.kubectl(ctx, control, "get", "--ignore-not-found", "-o", "name", "-f", demo)
	if err != nil {
		return nil, errors.Join(errors.New("the objects cannot be compared"), err)
	}
	names := strings.Fields(wanted)
	run.Objects = len(names)
	there := strings.Fields(found)
	return slices.DeleteFunc(names, func(name string) bool { return slices.Contains(there, name) }), nil
}
