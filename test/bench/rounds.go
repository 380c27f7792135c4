package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// podsTables is how often each table of pods is shown in a round: they take so
// little that one alone would say nothing.
const podsTables = 3

// rounds measures all tools at all distances, a number of times. The tools
// take turns, so that what else the machine does hits all of them.
func (l *lab) rounds(ctx context.Context, run *report.Run, contenders []contender) error {
	for round := range run.Rounds {
		for _, rtt := range run.RTTs {
			for _, contender := range contenders {
				m := &measurement{lab: l, run: run, round: round, rtt: rtt}
				if err := l.with(ctx, func(control *cluster.Cluster) error { return m.contend(ctx, control, contender) }); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// measurement is one tool's part of a round.
type measurement struct {
	lab        *lab
	run        *report.Run
	round, rtt int
}

// contend has one tool install, install again and uninstall on a fresh control
// plane. An operation that fails is written down, and the rest left out.
func (m *measurement) contend(ctx context.Context, control *cluster.Cluster, contender contender) (err error) {
	session, err := m.lab.open(control, m.rtt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.close()) }()
	if !m.take(ctx, session, contender.name, report.Install, contender.install) ||
		!m.take(ctx, session, contender.name, report.Again, contender.again) {
		return ctx.Err()
	}
	if contender.name == report.Ours {
		if err := m.pods(ctx, session); err != nil {
			return err
		}
	}
	if err := session.runAll(ctx, contender.prepare); err != nil {
		return err
	}
	m.take(ctx, session, contender.name, report.Uninstall, contender.uninstall)
	return ctx.Err()
}

// take measures one operation, if the tool has it, and tells whether it worked.
func (m *measurement) take(ctx context.Context, session *session, tool string, operation report.Operation, steps []step) bool {
	if len(steps) == 0 {
		return true
	}
	sample, err := session.measure(ctx, steps)
	if ctx.Err() != nil {
		return false
	}
	sample.Tool, sample.Operation, sample.RTT, sample.Round = tool, operation, m.rtt, m.round+1
	if err != nil {
		sample.Error = strings.ReplaceAll(err.Error(), m.lab.dir+"/", "")
	}
	m.run.Samples = append(m.run.Samples, sample)
	fmt.Fprintf(os.Stderr, "round %d, RTT %3d ms: %-28s %-10s %7.2f s %s\n", m.round+1, m.rtt, tool, operation, sample.Seconds, sample.Error)
	return err == nil
}

// showers are what shows the pods: kubectl, ours as it is typed, and ours
// without kubectl's own start before it.
var showers = []struct {
	name    string
	command step
}{
	{report.Ours, step{"kubectl", "istio-demo", "pods"}},
	{report.Get, step{"kubectl", "get", "pods", "-n", namespace}},
	{report.Program, step{"kubectl-istio_demo", "pods"}},
}

// pods measures the table of pods, with what is cached already and without.
func (m *measurement) pods(ctx context.Context, session *session) error {
	for _, shower := range showers {
		// The cache is warm from here on.
		if _, err := session.run(ctx, shower.command); err != nil {
			return err
		}
	}
	for range podsTables {
		for _, shower := range showers {
			m.take(ctx, session, shower.name, report.PodsWarm, []step{shower.command})
			empty, err := m.lab.folder("cache")
			if err != nil {
				return err
			}
			m.take(ctx, session, shower.name, report.PodsCold, []step{cold(shower.command, empty)})
		}
	}
	return ctx.Err()
}

// cold gives a command an empty cache.
func cold(command step, folder string) step {
	return append(command[:len(command):len(command)], "--cache-dir", folder)
}
