package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
)

// idleTime is how long another client asks while nothing is under way.
const idleTime = 10 * time.Second

// benchScale is make bench-scale.
func (l *lab) benchScale(ctx context.Context, root string, scale *report.Scale) error {
	if err := l.describe(ctx, &scale.Circumstances); err != nil {
		return err
	}
	for _, size := range scale.Sizes {
		if err := os.WriteFile(l.manifest(size), []byte(scaleManifest(size)), 0o644); err != nil {
			return err
		}
	}
	for round := range scale.Rounds {
		for _, at := range scale.Cases() {
			for _, tool := range []string{report.Ours, report.Ready, report.Apply} {
				if tool == report.Apply && at.Objects > scale.Limit {
					continue
				}
				err := l.with(ctx, func(control *cluster.Cluster) error { return l.scaleOne(ctx, control, scale, round, at, tool) })
				if err != nil {
					return err
				}
			}
		}
	}
	if err := l.with(ctx, func(control *cluster.Cluster) error { return l.tables(ctx, control, scale) }); err != nil {
		return err
	}
	fmt.Println(scale.Markdown(report.English))
	return errors.Join(
		save(root, scaleData, scale),
		rewrite(root, scalePlaces(scale)),
	)
}

func (l *lab) manifest(size int) string {
	return filepath.Join(l.dir, fmt.Sprintf("scale-%d.yaml", size))
}

// scaleOne has a tool apply a manifest, and another client look on.
func (l *lab) scaleOne(ctx context.Context, control *cluster.Cluster, scale *report.Scale, round int, at report.Case, tool string) (err error) {
	session, err := l.open(control, at.RTT)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.close()) }()
	bystander, err := l.newBystander(ctx, control)
	if err != nil {
		return err
	}
	if at == scale.Cases()[0] && tool == report.Ours {
		// Once in a round, nothing is under way.
		stop := bystander.watch(ctx)
		select {
		case <-ctx.Done():
		case <-time.After(idleTime):
		}
		if err := keep(scale, report.Applied{Tool: report.Idle, Round: round + 1}, stop()); err != nil {
			return err
		}
	}
	command := map[string]step{
		report.Ours:  {"kubectl", "istio-demo", "install", "--wait=false", "-f", l.manifest(at.Objects)},
		report.Ready: {"kubectl", "istio-demo", "install", "-f", l.manifest(at.Objects)},
		report.Apply: {"kubectl", "apply", "-f", l.manifest(at.Objects)},
	}[tool]
	stop := bystander.watch(ctx)
	found, err := session.run(ctx, command)
	noticed := stop()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "round %d, RTT %d ms, %d objects: %-20s %7.2f s\n", round+1, at.RTT, at.Objects, tool, found.Seconds)
	return keep(scale, report.Applied{Tool: tool, Objects: at.Objects, RTT: at.RTT, Round: round + 1, Seconds: found.Seconds, PeakBytes: found.PeakBytes}, noticed)
}

// keep writes down a run and what was noticed of it.
func keep(scale *report.Scale, run report.Applied, noticed noticed) error {
	if noticed.err != nil {
		return fmt.Errorf("the other client got no answer: %w", noticed.err)
	}
	run.Get, run.List = noticed.get, noticed.list
	scale.Runs = append(scale.Runs, run)
	return nil
}
