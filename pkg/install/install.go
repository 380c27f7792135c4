// Package install owns what installs a manifest: check, diff, install and prune,
// as steps of one order.
package install

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apply"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/applyset"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/foreign"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/ready"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/redact"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/remove"
)

func (i *Install) setDefaults() {
	i.Sink, i.DryRun = redact.Sink(i.Sink), cmp.Or(i.DryRun, event.DryRunNone)
}

// Result is an object as the server stored it, and what the server did.
type Result = apply.Result

// Install puts a manifest on a cluster and waits until it runs. Read, Namespace
// and, but for a dry run on the client, Cluster are needed. Everything else is
// false, empty or nil where it is left out, also what the command line has on:
// Wait, Prune, FailFast and UpgradeAPIs.
//
// One Install is for one goroutine. Two at once in a namespace, in whatever
// programs, do no harm: one of them may end with applyset.ErrChanged.
type Install struct {
	// Read returns the manifest. It is called once, in a goroutine of its own
	// that is not waited for when the context ends.
	Read func(context.Context) (manifest.Manifest, error)
	// Cluster may be nil for a dry run on the client.
	Cluster *cluster.Cluster
	// Namespace is where objects go that name none, and the inventory. It is
	// created if it does not exist.
	Namespace manifest.Namespace
	// Inventory names the ConfigMap that lists what is installed; empty for the
	// demo's, applyset.ParentName.
	Inventory string
	// NamespaceLabels are what the namespace is given before workloads come to
	// it, under the inventory's name as field manager.
	NamespaceLabels map[string]string
	// Confirm, if set, is asked after the checks and before the first write.
	// Nothing is written unless it gives nil, and Run gives its error. A dry
	// run does not ask.
	Confirm func(context.Context) error
	// DryRun ends before the first write: DryRunServer has the server check
	// everything; DryRunClient asks no server, and judges by apiupgrade.Latest what
	// UpgradeAPIs is to upgrade. Empty is DryRunNone.
	DryRun event.DryRun
	// Wait is false to return as soon as everything is stored. How long is
	// waited the context alone bounds.
	Wait bool
	// Force takes fields over from other field managers, and Adopt whole
	// objects from their owners. Without them both are refused before the first
	// write.
	Force, Adopt bool
	// Recreate deletes and recreates objects whose immutable fields changed;
	// never PersistentVolumeClaims, StatefulSets, CRDs or namespaces.
	Recreate bool
	// Prune removes what an earlier install applied and the manifest does
	// not have.
	Prune bool
	// Replace lets Prune remove more than half of what is installed. Without it,
	// ConfirmPrune, if set, is asked as Confirm is, and otherwise such a manifest is
	// refused.
	Replace      bool
	ConfirmPrune func(context.Context, Pruning) error
	// FailFast ends the wait on a permanent failure, after the grace of its
	// diagnose.Finding.
	FailFast bool
	// UpgradeAPIs turns objects of versions that the cluster does not serve into
	// those that it does, and SkipUnsupported leaves out those of which nothing
	// takes the place.
	UpgradeAPIs, SkipUnsupported bool
	// Validation is "Strict", "Warn" or "Ignore": what becomes of fields that an
	// object's kind does not have, as in fieldValidation of the Kubernetes API.
	// Empty means "Warn".
	Validation string
	// Brief is for callers that need no schemas: definitions in the results are
	// without them, which makes an install faster. A dry run gives them whole.
	Brief bool
	// Skip names the checks to leave out, which CheckNames lists. Other names
	// mean nothing.
	Skip map[string]bool
	// Sink, if set, receives the events, from several goroutines at once.
	Sink event.Sink

	// Beside, if set, is installed beside the manifest; a dry run leaves it out.
	Beside *Beside

	// Amend, if set, adds what the cluster has to what was read.
	Amend func(context.Context, *manifest.Manifest) error
}

// Run returns what was applied and then what was pruned, in the order in which it
// was, also when it fails. Whatever it has started has ended then, but for Read
// and for a login that a credential plugin of the kubeconfig has begun: neither
// can be ended from here. No request follows the login.
//
// Its errors are *InputError, *RefusedError and *applyset.ForeignError before
// the first write; applyset.ErrChanged where somebody else installs at the
// same time; *InterruptedError where the context ended, joined with what had
// failed before; *UnreadyError where everything is applied and does not run;
// *apply.RefusalError for each object that could not be applied; and those of
// the API server, for k8s.io/apimachinery/pkg/api/errors. They are found with errors.As and
// errors.Is. The same Run goes on after any of them.
func (i *Install) Run(ctx context.Context) ([]Result, error) {
	i.setDefaults()
	began := time.Now()
	inventory := i.readInventory(ctx)
	defer inventory.close()
	read, err := i.read(ctx)
	if err != nil {
		return nil, i.interrupted(ctx, err, 0, 0)
	}
	for _, warning := range read.Warnings {
		i.Sink(event.Warning{Message: warning})
	}
	var results []Result
	if i.DryRun == event.DryRunClient {
		results, err = i.plan(read)
	} else {
		results, err = i.install(ctx, read, inventory)
	}
	if err == nil {
		i.Sink(event.Finished{Counts: apply.Count(results), Configured: apply.With(results, event.Configured), DryRun: i.DryRun, Took: time.Since(began)})
	}
	return results, err
}

// read gives up with the context, also where a pipe gives nothing and cannot
// be interrupted; that goroutine ends with the program. What Read says is an
// InputError.
func (i *Install) read(ctx context.Context) (manifest.Manifest, error) {
	type outcome struct {
		manifest manifest.Manifest
		err      error
	}
	done := make(chan outcome, 1)
	go func() {
		defer cluster.Trace(ctx, "read the manifest")()
		read, err := i.Read(ctx)
		done <- outcome{read, err}
	}()
	var found outcome
	select {
	case found = <-done:
	case <-ctx.Done():
		return manifest.Manifest{}, context.Cause(ctx)
	}
	if found.err != nil {
		return manifest.Manifest{}, &manifest.InputError{Err: found.err}
	}
	if i.Amend != nil {
		if err := i.Amend(ctx, &found.manifest); err != nil {
			return manifest.Manifest{}, err
		}
	}
	return found.manifest.Installable(), nil
}

// install does all of it, or all that a server-side dry run can do.
func (i *Install) install(ctx context.Context, read manifest.Manifest, inventory *pendingInventory) ([]Result, error) {
	resolved, err := i.resolve(ctx, read, inventory)
	if err != nil {
		return nil, i.interrupted(ctx, err, 0, 0)
	}
	i.start(read.What, len(resolved.targets))
	i.reportUpgrades(resolved.upgraded, "")
	checked, err := i.check(ctx, resolved)
	if err != nil {
		return nil, i.interrupted(ctx, err, 0, len(resolved.targets))
	}
	i.Sink(event.Checked{})
	i.reportDropped(checked)
	i.reportStale(checked)
	i.reportRecreated(checked)
	if checked, err = i.confirm(ctx, checked); err != nil {
		return nil, i.interrupted(ctx, err, 0, 0)
	}
	total := len(checked.targets)
	results, err := i.apply(ctx, checked)
	if err != nil {
		i.warnOfFormer(checked, results)
		return results, i.interrupted(ctx, err, len(results), total)
	}
	pruned, err := i.prune(ctx, checked)
	results = append(results, pruned...)
	if err != nil {
		return results, i.interrupted(ctx, err, total, total)
	}
	return results, nil
}

// warnOfFormer says how to go back, once an upgrade that fails has changed something.
func (i *Install) warnOfFormer(c *checked, results []Result) {
	former := c.inventory.Recorded.Source
	changed := slices.ContainsFunc(results, func(result Result) bool { return result.Action != event.Unchanged })
	if c.engine.DryRun || !changed || !c.inventory.Exists || former == "" || former == c.manifest.What {
		return
	}
	how := "install that manifest again"
	if c.manifest.BuiltIn {
		how = "run install of the plugin's version that has it, with its flags"
	}
	i.Sink(event.Warning{Message: fmt.Sprintf("%s was installed before; to go back, %s", former, how)})
}

// engine applies as the options say.
func (i *Install) engine(inventory *applyset.Inventory) *apply.Engine {
	client := i.Cluster.Dynamic
	if i.Brief && i.DryRun != event.DryRunServer {
		client = i.Cluster.CRDs()
	}
	engine := &apply.Engine{
		Dynamic:    client,
		Metadata:   i.Cluster.Metadata,
		Sink:       i.Sink,
		Force:      i.Force,
		Recreate:   i.Recreate,
		Delete:     i.deleteToRecreate,
		DryRun:     i.DryRun == event.DryRunServer,
		Accept:     foreign.Accept(inventory.ID()),
		Validation: i.Validation,
	}
	return engine.Telling(i.Sink)
}

func (i *Install) start(what string, objects int) {
	server := ""
	if i.Cluster != nil {
		server = i.Cluster.Server
	}
	i.Sink(event.Started{
		What:      what,
		Objects:   objects,
		Namespace: i.Namespace.Name,
		Server:    server,
		DryRun:    i.DryRun,
	})
}

// interrupted returns err, or an InterruptedError if the context has ended; what
// had failed before comes first.
func (i *Install) interrupted(ctx context.Context, err error, applied, total int) error {
	if ctx.Err() == nil || remove.IsStuck(err) || reportsProgress(err) {
		return err
	}
	interrupted := &InterruptedError{Cause: context.Cause(ctx), Applied: applied, Total: total}
	var notReady *ready.NotReadyError
	if errors.As(err, &notReady) {
		interrupted.Waiting = notReady.Error()
	}
	return cluster.After(cluster.FailedBefore(ctx, err), interrupted)
}

// reportsProgress reports whether an error already says how far the install came.
func reportsProgress(err error) bool {
	var unready *UnreadyError
	var interrupted *InterruptedError
	return errors.As(err, &unready) || errors.As(err, &interrupted)
}
