// Package progress turns events into text for people.
package progress

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// Plain prints a line for each thing that changes. It never moves the cursor,
// so that it reads well in a log, too.
type Plain struct {
	out io.Writer

	mutex sync.Mutex
	wave  event.WaveStarted
	tally map[event.Action]int
	// removing is the step of a removal, and removed how many it has deleted.
	removing event.RemovalStarted
	removed  int
	// retried are the reasons that were told; a bad network has few reasons
	// and returns them often.
	retried map[string]bool
}

// NewPlain prints to out, which is standard error in the program. On a terminal,
// lines wrap at words.
func NewPlain(out io.Writer) *Plain {
	return &Plain{out: Wrapping(out), tally: map[event.Action]int{}, retried: map[string]bool{}}
}

// Sink takes events; it may be called from several goroutines.
func (p *Plain) Sink(e event.Event) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	switch e := e.(type) {
	case event.Started:
		p.started(e)
	case event.Checked:
		p.line("  checks passed")
	case event.WaveStarted:
		p.wave, p.tally = e, map[event.Action]int{}
	case event.Applied:
		p.tally[e.Action]++
	case event.WaveFinished:
		p.line("  [%d/%d] %s: %s", p.wave.Number, p.wave.Waves, p.wave.Title, tally(p.tally))
	case event.Stopped:
		p.line("  stopped: %d of %s applied", e.Applied, count(e.Objects, "object"))
	case event.Leftover:
		p.leftover(e)
	case event.Upgraded:
		p.upgraded(e)
	case event.Recreating:
		p.line("  %s will be deleted and recreated:", count(len(e.Objects), "object"))
		p.objects(e.Objects)
	case event.AwaitingReadiness:
		if e.Objects > 0 {
			p.line("  waiting for %s to become ready", count(e.Objects, "object"))
		}
	case event.Waiting:
		p.line("  %s: %s", e.Object, e.Message)
	case event.Diagnosed:
		p.diagnosed(e)
	case event.Ready:
		p.line("  %s: ready", e.Object)
	case event.Retrying:
		if !p.retried[e.Reason] {
			p.retried[e.Reason] = true
			p.line("  %s; retrying", e.Reason)
		}
	case event.Forwarding:
		p.line("  %s: forwarding to port %d", e.Object, e.Port)
	case event.ForwardBroken:
		p.line("  %s: %s; reconnecting", e.Object, e.Why)
	case event.Warning:
		p.line("warning: %s", e.Message)
	case event.Finished:
		p.finished(e)
	default:
		p.removal(e)
	}
}

// removal prints the events of an uninstall or a prune.
func (p *Plain) removal(e event.Event) {
	switch e := e.(type) {
	case event.Uninstalling:
		p.uninstalling(e)
	case event.Purging:
		p.line("  these custom resources are deleted with their CRDs:")
		p.objects(e.Objects)
	case event.RemovalStarted:
		p.removing, p.removed = e, 0
	case event.Removed:
		p.removed++
	case event.Going:
		p.going(e)
	case event.RemovalFinished:
		p.line("  [%d/%d] %s: %d removed", p.removing.Number, p.removing.Steps, p.removing.Title, p.removed)
	case event.Kept:
		p.line("  %s is kept: %s", e.Object, e.Why)
	case event.Uninstalled:
		p.uninstalled(e)
	}
}

// Remark prints lines in other programs' words.
func (p *Plain) Remark(text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for line := range strings.Lines(text) {
		p.line("%s", strings.TrimSuffix(line, "\n"))
	}
}

// Ask prints a question without a line's end.
func (p *Plain) Ask(question string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	fmt.Fprint(p.out, Printable(question)) // it may name what a cluster has
}

// Fail prints the lines of an error.
func (p *Plain) Fail(message string, _ int) { p.Remark(message) }

// Close does nothing: every line is printed at once.
func (p *Plain) Close() {}

func (p *Plain) started(e event.Started) {
	verb := map[event.DryRun]string{
		event.DryRunNone:   "installing",
		event.DryRunClient: "would install",
		event.DryRunServer: "validating",
	}[e.DryRun]
	where := ""
	if e.Server != "" {
		where = " on " + e.Server
	}
	p.line("%s %s in namespace %s%s (%s)", verb, e.What, e.Namespace, where, count(e.Objects, "object"))
}

func (p *Plain) finished(e event.Finished) {
	if e.DryRun == event.DryRunClient {
		p.line("%s would be applied (dry run)", count(e.Counts[event.Planned], "object"))
		return
	}
	suffix := ""
	if e.DryRun == event.DryRunServer {
		suffix = " (server dry run)"
	}
	if len(e.Configured) > 0 && e.DryRun == event.DryRunNone {
		p.line("configured: %s", few(e.Configured))
	}
	p.line("%s in %s%s", summary(e.Counts), e.Took.Round(10*time.Millisecond), suffix)
}

// leftover lists what an earlier install has left, all of it: these objects
// are going to be deleted.
func (p *Plain) leftover(e event.Leftover) {
	fate := "will be pruned at the end"
	if !e.Prune {
		fate = "are kept (--prune=false)"
	}
	p.line("  %s of an earlier install %s:", count(len(e.Objects), "object"), fate)
	p.objects(e.Objects)
}

func (p *Plain) objects(objects []event.Object) {
	for _, object := range objects {
		p.line("    %s", object)
	}
}

// few names the first objects, and counts the rest.
func few(objects []event.Object) string {
	const most = 10
	var names []string
	for _, object := range objects[:min(len(objects), most)] {
		names = append(names, object.String())
	}
	text := strings.Join(names, ", ")
	if more := len(objects) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (p *Plain) upgraded(e event.Upgraded) {
	server := "the cluster"
	if e.Release != "" {
		server = "Kubernetes " + e.Release
	}
	p.line("  %s upgraded from API versions that %s does not serve:", count(e.Objects, "object"), server)
	for _, change := range e.Changes {
		p.line("    %d %s: %s -> %s", change.Objects, change.Kind, change.From, change.To)
	}
}

func (p *Plain) diagnosed(e event.Diagnosed) {
	p.line("  %s is not ready:", e.Object)
	for _, finding := range e.Findings {
		for _, line := range Explanation(finding) {
			p.line("    %s", line)
		}
	}
}

// Explanation returns the lines that describe a finding.
func Explanation(finding event.Finding) []string {
	lines := []string{finding.What}
	for _, log := range finding.Logs {
		lines = append(lines, "  log: "+log)
	}
	if finding.Event != "" {
		lines = append(lines, "  last warning: "+finding.Event)
	}
	if finding.Next != "" {
		lines = append(lines, "  next: "+finding.Next)
	}
	return lines
}

func (p *Plain) going(e event.Going) {
	if len(e.Finalizers) == 0 {
		p.line("  %s: waiting for deletion", e.Object)
		return
	}
	p.line("  %s: waiting for deletion, held by finalizer %s", e.Object, strings.Join(e.Finalizers, ", "))
}

func (p *Plain) uninstalling(e event.Uninstalling) {
	verb := "removing"
	if e.DryRun != event.DryRunNone {
		verb = "would remove"
	}
	p.line("%s %s from namespace %s on %s (%s)", verb, e.What, e.Namespace, e.Server, count(e.Objects, "object"))
}

func (p *Plain) uninstalled(e event.Uninstalled) {
	suffix := ""
	switch e.DryRun {
	case event.DryRunClient:
		suffix = " (dry run)"
	case event.DryRunServer:
		suffix = " (server dry run)"
	}
	p.line("%d removed, %d kept in %s%s", e.Removed, e.Kept, e.Took.Round(10*time.Millisecond), suffix)
}

func (p *Plain) line(format string, arguments ...any) {
	// Messages come from clusters and files; a terminal must not act on them.
	fmt.Fprintln(p.out, Printable(fmt.Sprintf(format, arguments...)))
}

// summary returns "46 created, 0 configured, 0 unchanged", and what was pruned
// if anything was.
func summary(counts map[event.Action]int) string {
	text := fmt.Sprintf("%d created, %d configured, %d unchanged",
		counts[event.Created]+counts[event.Unverified], counts[event.Configured], counts[event.Unchanged])
	if n := counts[event.Pruned]; n > 0 {
		text += fmt.Sprintf(", %d pruned", n)
	}
	return text
}

// tally names only the actions that occurred.
func tally(counts map[event.Action]int) string {
	var parts []string
	for _, action := range []event.Action{event.Created, event.Configured, event.Unchanged, event.Unverified} {
		if n := counts[action]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, action))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
