package cmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/pflag"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

const (
	upgradeFlag = "upgrade-apis"
	skipFlag    = "skip-unsupported"
	skipUsage   = "Skip objects of kinds that Kubernetes removed without a replacement"
)

// upgradeFlags say what becomes of objects in versions that the cluster does
// not serve.
type upgradeFlags struct{ upgrade, skip bool }

func (u *upgradeFlags) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&u.upgrade, upgradeFlag, true, "Convert objects to API versions that the cluster serves")
	flags.BoolVar(&u.skip, skipFlag, false, skipUsage)
}

// offlineUpgrade says the same without a cluster.
type offlineUpgrade struct {
	// release is Kubernetes', empty to leave everything as it is.
	release string
	skip    bool
	// report is set where only the changes are wanted, and nothing is refused.
	report bool
}

func (u *offlineUpgrade) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&u.release, upgradeFlag, "", "Convert objects to API versions that this Kubernetes release serves, such as 1.37")
	flags.BoolVar(&u.skip, skipFlag, false, skipUsage)
}

// preset returns --upgrade-apis another default.
func (u *offlineUpgrade) preset(flags *pflag.FlagSet, release string) {
	u.release = release
	flags.Lookup(upgradeFlag).DefValue = release
}

// validate refuses what is no release.
func (u *offlineUpgrade) validate() error {
	if u.release == "" && u.skip {
		return &usageError{fmt.Errorf("--%s requires a release; set one with --%s", skipFlag, upgradeFlag)}
	}
	if u.release == "" {
		return nil
	}
	if _, err := apiupgrade.Release(u.release); err != nil {
		return &usageError{fmt.Errorf("--%s: %w", upgradeFlag, err)}
	}
	return nil
}

// apply returns the objects to install, and reports skipped ones to the sink.
func (u *offlineUpgrade) apply(objects []manifest.Object, sink event.Sink) (apiupgrade.Upgraded, error) {
	if u.release == "" {
		return apiupgrade.Upgraded{Objects: objects}, nil
	}
	served, err := apiupgrade.Release(u.release)
	if err != nil {
		return apiupgrade.Upgraded{}, err
	}
	upgraded, err := apiupgrade.All(objects, served)
	if err != nil {
		return upgraded, &manifest.InputError{Err: err}
	}
	if u.report {
		return upgraded, nil
	}
	if err := upgraded.Err(); err != nil && !u.skip {
		return upgraded, &manifest.InputError{Err: err}
	}
	upgraded.TellSkipped(sink)
	return upgraded, nil
}

// printChanges prints a line for each object that was upgraded.
func printChanges(changes []apiupgrade.ObjectChange, out io.Writer) {
	for _, change := range changes {
		line := fmt.Sprintf("%s: %s: %s -> %s", change.Source, change.Object, change.From, change.To)
		if len(change.Notes) > 0 {
			line += "; " + strings.Join(change.Notes, "; ")
		}
		fmt.Fprintln(out, progress.Printable(line))
	}
}

// printReport prints the same as a table as kubectl's, each further note on a
// line of its own.
func printReport(upgraded apiupgrade.Upgraded, out io.Writer) error {
	table := progress.Table{{"OBJECT", "FROM", "TO", "CHANGES"}}
	for _, change := range upgraded.Changes {
		first, more := "", []string(nil)
		if len(change.Notes) > 0 {
			first, more = change.Notes[0], change.Notes[1:]
		}
		table.Row(change.Object.String(), change.From, change.To, first)
		for _, note := range more {
			table.Row("", "", "", note)
		}
	}
	for _, refusal := range upgraded.Refused {
		table.Row(refusal.Object.String(), refusal.From, "<none>", refusal.Why.Error())
	}
	return printTable(table, out)
}
