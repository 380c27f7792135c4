package cmd

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/diagnose"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/install"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/preflight"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/status"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// hostile are texts as a cluster could hold them.
var hostile = []string{
	"", "Available: 0/1", "größer 日本", "%d %!s", "a\x1b[2J\x1b]0;x\a", "a\nerror: b\r\n", "a\tb\vc\fd\be\x7f", "\u009b31m\u0085", "\u202egpj.exe\u2066\u2069", "\u2028\u2029", "\xff\xc3\x28",
}

// harmless fails for what a terminal would act on. Line ends it may have.
func harmless(t *testing.T, what, output string) {
	t.Helper()
	for _, r := range output {
		if unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Bidi_Control, unicode.Zl, unicode.Zp) {
			t.Errorf("%s prints %q", what, output)
			return
		}
	}
	if !utf8.ValidString(output) {
		t.Errorf("%s prints %q", what, output)
	}
}

// FuzzTables has the cluster say anything in the cells of tables.
func FuzzTables(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, int64(1))
	}
	f.Fuzz(func(t *testing.T, text string, age int64) {
		finding := diagnose.Finding{Pod: text, Container: text, Reason: text, Message: text, Logs: []string{text}, Event: text, Next: text}
		workload := status.Workload{
			Group: text, Kind: text, Namespace: text, Name: text, Replicas: text, Message: text, Images: []string{text, text},
			Created: time.Unix(age, 0), Findings: []diagnose.Finding{finding, finding},
		}
		var out, errOut bytes.Buffer
		for _, format := range []string{"yaml", "json", "", "wide"} {
			out.Reset()
			options := &statusOptions{format: format}
			if err := options.print(lossy(text, workload), &out); err != nil {
				t.Fatal(err)
			}
			if format == "json" || format == "yaml" {
				continue // for programs
			}
			harmless(t, "status -o "+format, out.String())
			// Two heads and two rows, of each why, and what is lost.
			if lines, most := strings.Count(out.String(), "\n"), 4+2*(2+2*4)+3; lines > most {
				t.Errorf("status prints %d lines, more than %d: %q", lines, most, out.String())
			}
		}
		out.Reset()
		ref := event.Object{Group: text, Kind: text, Namespace: text, Name: text}
		if err := printChecks([]preflight.Result{{Name: "version", Verdict: "fail", Message: text, Remedy: text}}, "", &out); err != nil {
			t.Fatal(err)
		}
		printActions([]install.Result{{Ref: ref, Action: event.Created}, {Ref: ref, Action: event.Unverified}}, event.DryRunServer, &out)
		streams := genericiooptions.IOStreams{In: strings.NewReader("y\n"), Out: &out, ErrOut: &errOut}
		removal := uninstall.Removal{Source: text, Removed: []event.Object{ref}, Users: []event.Object{ref}, Kept: []uninstall.Kept{{Ref: ref, Why: text}}}
		printRemoval(removal, event.DryRunNone, streams)
		if err := (&uninstallOptions{dryRun: event.DryRunNone}).confirm(t.Context(), removal, newReporter(streams), text, nil); err == nil {
			t.Error("nobody was asked, and confirms")
		}
		remarkAll(progress.NewPlain(&errOut), consequences(removal))
		harmless(t, "a list", out.String())
		harmless(t, "a question", errOut.String())
	})
}

// lossy is a report on workloads and other objects that are lost.
func lossy(text string, workload status.Workload) status.Report {
	lost := []status.Object{{Group: text, Kind: text, Namespace: text, Name: text}}
	return status.Report{Source: text, Namespace: "mesh", Objects: 3, Workloads: []status.Workload{workload, workload}, MissingObjects: lost, Unlabelled: lost}
}

// FuzzDescribe has errors say anything.
func FuzzDescribe(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, int32(500))
	}
	f.Add("the server could not find the requested resource", int32(404))
	f.Fuzz(func(t *testing.T, text string, code int32) {
		streams, _, _, _ := genericiooptions.NewTestIOStreams()
		cluster := newConnection(streams)
		command := newRoot(cluster, streams, "test")
		status := &apierrors.StatusError{ErrStatus: metav1.Status{
			Status: metav1.StatusFailure, Code: code, Message: text, Reason: metav1.StatusReason(text), Details: &metav1.StatusDetails{
				Kind: text, Name: text, Causes: []metav1.StatusCause{{Type: metav1.CauseType(text), Message: text, Field: text}},
			},
		}}
		for _, err := range []error{errors.New(text), status, &usageError{status}, &getError{status}, &getError{errors.New(text)}, &troubleError{status}, &manifest.InputError{Err: status}} {
			message, exit := describe(err, command, cluster)
			harmless(t, "an error", message)
			if exit == exitOK {
				t.Errorf("%v exits with 0", err)
			}
		}
	})
}

// FuzzWarnings has a server warn of anything: each warning is one line.
func FuzzWarnings(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var out bytes.Buffer
		warnings := rest.NewWarningWriter(printable{newReporter(genericiooptions.IOStreams{ErrOut: &out})}, rest.WarningWriterOptions{})
		warnings.HandleWarningHeader(299, "", text)
		harmless(t, "a warning", out.String())
		if lines := strings.Count(out.String(), "\n"); lines != min(1, len(text)) {
			t.Errorf("a warning has %d lines: %q", lines, out.String())
		}
	})
}
