package progress

import (
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
)

// The forms are the fields of the events in JSON. All of an event's fields are
// always there.
type (
	objectForm struct {
		Group     string `json:"group"`
		Kind      string `json:"kind"`
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	}
	emptyForm struct{}
	startForm struct {
		What      string `json:"what"`
		Count     int    `json:"count"`
		Namespace string `json:"namespace"`
		Server    string `json:"server"`
		DryRun    string `json:"dryRun"`
	}
	waveForm struct {
		Number int    `json:"number"`
		Waves  int    `json:"waves"`
		Title  string `json:"title"`
		Count  int    `json:"count"`
	}
	stepForm struct {
		Number int    `json:"number"`
		Steps  int    `json:"steps"`
		Title  string `json:"title"`
		Count  int    `json:"count"`
	}
	numberForm struct {
		Number int `json:"number"`
	}
	appliedForm struct {
		Object objectForm `json:"object"`
		Action string     `json:"action"`
	}
	stoppedForm struct {
		Applied int `json:"applied"`
		Count   int `json:"count"`
	}
	leftoverForm struct {
		Objects []objectForm `json:"objects"`
		Prune   bool         `json:"prune"`
	}
	changeForm struct {
		Kind  string `json:"kind"`
		From  string `json:"from"`
		To    string `json:"to"`
		Count int    `json:"count"`
	}
	upgradedForm struct {
		Count   int          `json:"count"`
		Release string       `json:"release"`
		Changes []changeForm `json:"changes"`
	}
	objectsForm struct {
		Objects []objectForm `json:"objects"`
	}
	ofObjectForm struct {
		Object objectForm `json:"object"`
	}
	goingForm struct {
		Object     objectForm `json:"object"`
		Finalizers []string   `json:"finalizers"`
	}
	keptForm struct {
		Object objectForm `json:"object"`
		Why    string     `json:"why"`
	}
	countForm struct {
		Count int `json:"count"`
	}
	waitingForm struct {
		Object  objectForm `json:"object"`
		Message string     `json:"message"`
	}
	findingForm struct {
		What  string   `json:"what"`
		Logs  []string `json:"logs"`
		Event string   `json:"event"`
		Next  string   `json:"next"`
	}
	diagnosedForm struct {
		Object   objectForm    `json:"object"`
		Findings []findingForm `json:"findings"`
	}
	reasonForm struct {
		Reason string `json:"reason"`
	}
	messageForm struct {
		Message string `json:"message"`
	}
	finishedForm struct {
		Counts     map[string]int `json:"counts"`
		Configured []objectForm   `json:"configured"`
		DryRun     string         `json:"dryRun"`
		Seconds    float64        `json:"seconds"`
	}
	uninstalledForm struct {
		Removed int     `json:"removed"`
		Kept    int     `json:"kept"`
		DryRun  string  `json:"dryRun"`
		Seconds float64 `json:"seconds"`
	}
	errorForm struct {
		Message  string `json:"message"`
		ExitCode int    `json:"exitCode"`
	}
)

// form returns an event's name and fields. A test holds it against the types of
// package event.
func form(e event.Event) (string, any) {
	switch e := e.(type) {
	case event.Started:
		return "started", startForm{e.What, e.Objects, e.Namespace, e.Server, string(e.DryRun)}
	case event.Checked:
		return "checked", emptyForm{}
	case event.WaveStarted:
		return "waveStarted", waveForm{e.Number, e.Waves, e.Title, e.Objects}
	case event.Applied:
		return "applied", appliedForm{formOf(e.Object), action(e.Action)}
	case event.WaveFinished:
		return "waveFinished", numberForm{e.Number}
	case event.Stopped:
		return "stopped", stoppedForm{e.Applied, e.Objects}
	case event.Leftover:
		return "leftover", leftoverForm{formsOf(e.Objects), e.Prune}
	case event.Upgraded:
		return "upgraded", upgradedForm{e.Objects, e.Release, changes(e.Changes)}
	case event.Recreating:
		return "recreating", objectsForm{formsOf(e.Objects)}
	case event.Finished:
		return "finished", finishedForm{counts(e.Counts), formsOf(e.Configured), string(e.DryRun), seconds(e.Took)}
	case event.Retrying:
		return "retrying", reasonForm{e.Reason}
	case event.Warning:
		return "warning", messageForm{e.Message}
	}
	if name, fields := removalForm(e); name != "" {
		return name, fields
	}
	return waitForm(e)
}

// removalForm is form for the events of a removal.
func removalForm(e event.Event) (string, any) {
	switch e := e.(type) {
	case event.Uninstalling:
		return "uninstalling", startForm{e.What, e.Objects, e.Namespace, e.Server, string(e.DryRun)}
	case event.Purging:
		return "purging", objectsForm{formsOf(e.Objects)}
	case event.RemovalStarted:
		return "removalStarted", stepForm{e.Number, e.Steps, e.Title, e.Objects}
	case event.Removed:
		return "removed", ofObjectForm{formOf(e.Object)}
	case event.Going:
		return "going", goingForm{formOf(e.Object), append([]string{}, e.Finalizers...)}
	case event.RemovalFinished:
		return "removalFinished", numberForm{e.Number}
	case event.Kept:
		return "kept", keptForm{formOf(e.Object), e.Why}
	case event.Uninstalled:
		return "uninstalled", uninstalledForm{e.Removed, e.Kept, string(e.DryRun), seconds(e.Took)}
	}
	return "", nil
}

// waitForm is form for the events of a wait. An event without a form has the
// name unknown.
func waitForm(e event.Event) (string, any) {
	switch e := e.(type) {
	case event.AwaitingReadiness:
		return "awaitingReadiness", countForm{e.Objects}
	case event.Waiting:
		return "waiting", waitingForm{formOf(e.Object), e.Message}
	case event.Diagnosed:
		return "diagnosed", diagnosedForm{formOf(e.Object), findings(e.Findings)}
	case event.Ready:
		return "ready", ofObjectForm{formOf(e.Object)}
	}
	return unknown, emptyForm{}
}

const unknown = "unknown"

func formOf(o event.Object) objectForm { return objectForm{o.Group, o.Kind, o.Namespace, o.Name} }

func formsOf(objects []event.Object) []objectForm {
	forms := []objectForm{}
	for _, object := range objects {
		forms = append(forms, formOf(object))
	}
	return forms
}

func changes(all []event.VersionChange) []changeForm {
	forms := []changeForm{}
	for _, change := range all {
		forms = append(forms, changeForm{change.Kind, change.From, change.To, change.Objects})
	}
	return forms
}

func findings(all []event.Finding) []findingForm {
	forms := []findingForm{}
	for _, finding := range all {
		forms = append(forms, findingForm{finding.What, append([]string{}, finding.Logs...), finding.Event, finding.Next})
	}
	return forms
}

// action returns one word where people get more, or another one.
func action(a event.Action) string {
	switch a {
	case event.Unverified:
		return "unverified"
	case event.Planned:
		return "planned"
	}
	return string(a)
}

func counts(all map[event.Action]int) map[string]int {
	named := map[string]int{}
	for a, n := range all {
		named[action(a)] += n
	}
	return named
}

func seconds(took time.Duration) float64 {
	return float64(took.Round(time.Millisecond).Milliseconds()) / 1000
}
