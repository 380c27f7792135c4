// Package oracle compares upgraded objects with what Kubernetes itself makes
// of the old ones, defaults included. `make oracle` builds the program that
// asks it and names it in ORACLE.
package oracle

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/apiupgrade"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/snapshot"
)

var oracle = os.Getenv("ORACLE")

func TestMain(m *testing.M) {
	if oracle == "" {
		fmt.Fprintln(os.Stderr, "ORACLE is not set: run make oracle")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// pair is an object and what became of it.
type pair struct {
	old, upgraded *unstructured.Unstructured
	change        *apiupgrade.Change
}

// upgrade makes a pair; none where the object is served or has no successor.
func upgrade(t *testing.T, object *unstructured.Unstructured) (pair, bool) {
	t.Helper()
	served, err := apiupgrade.Release("1.37")
	if err != nil {
		t.Fatal(err)
	}
	upgraded, change, err := apiupgrade.Upgrade(object, served)
	return pair{object, upgraded, change}, err == nil && change != nil
}

// forgotten are kinds whose old version Kubernetes itself has forgotten, or
// that it keeps elsewhere. What becomes of them must only be understood.
var forgotten = []string{"autoscaling/v2beta1", "autoscaling/v2beta2", "batch/v2alpha1", "flowcontrol.apiserver.k8s.io/v1alpha1"}

func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("../../pkg/apiupgrade/testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures: %v", err)
	}
	var pairs []pair
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, object := range fixture.Objects(t, string(data)) {
			if object.GetKind() == "APIService" {
				continue // the aggregator's, which has a scheme of its own
			}
			made, ok := upgrade(t, object)
			if !ok {
				t.Fatalf("%s %s is not upgraded", object.GetKind(), object.GetName())
			}
			if made.change.From == made.change.To {
				continue // only a reference is another one, which is none of Kubernetes' business
			}
			pairs = append(pairs, made)
		}
	}
	compare(t, pairs)
}

// compare asks what Kubernetes makes of the old objects and of ours.
func compare(t *testing.T, pairs []pair) {
	t.Helper()
	answers := ask(t, pairs)
	equal, understood := 0, 0
	var wrong []string
	for i, made := range pairs {
		want, got := answers[2*i], answers[2*i+1]
		unequal := made.judge(want, got)
		switch {
		case len(unequal) > 0:
			wrong = append(wrong, fmt.Sprintf("%s %s %s:\n%s\nthe old object is\n%s", made.change.From.GroupVersion(),
				made.old.GetKind(), made.old.GetName(), strings.Join(unequal, "\n"), text(made.old.Object)))
		case made.forgotten():
			understood++
		default:
			equal++
		}
	}
	for _, difference := range wrong[:min(3, len(wrong))] {
		t.Error(difference)
	}
	t.Logf("%d objects are equal to what Kubernetes makes of them, %d are not, %d of forgotten versions are understood", equal, len(wrong), understood)
	if equal == 0 {
		t.Error("nothing was compared")
	}
}

func (p pair) forgotten() bool { return slices.Contains(forgotten, p.old.GetAPIVersion()) }

// judge says what is wrong with what became of an object.
func (p pair) judge(want, got answer) []string {
	switch {
	case got.Error != "":
		return []string{"what became of it is not understood: " + got.Error, text(p.upgraded.Object)}
	case p.forgotten():
		return nil
	case want.Error != "":
		return []string{want.Error}
	}
	for _, difference := range differences {
		difference.forget(want.Object)
		difference.forget(got.Object)
	}
	return snapshot.Differences("", want.Object, got.Object)
}

// question and answer are those of test/tools/oracle.
type question struct {
	Object  map[string]any `json:"object"`
	Version string         `json:"version"`
	Strict  bool           `json:"strict,omitempty"`
	Specs   []any          `json:"specs,omitempty"`
}

type answer struct {
	Object  map[string]any `json:"object"`
	Error   string         `json:"error"`
	Accepts []bool         `json:"accepts"`
}

// ask gives two answers for each pair.
func ask(t *testing.T, pairs []pair) []answer {
	t.Helper()
	var questions []question
	for _, made := range pairs {
		version := made.change.To.GroupVersion().String()
		questions = append(questions,
			question{Object: made.old.Object, Version: version},
			question{Object: made.upgraded.Object, Version: version, Strict: true})
	}
	return put(t, questions)
}

// put gives the oracle's answers.
func put(t *testing.T, questions []question) []answer {
	t.Helper()
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	for _, question := range questions {
		if err := encoder.Encode(question); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), oracle)
	command.Stdin, command.Stderr = &input, os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var answers []answer
	decoder := json.NewDecoder(bufio.NewReader(bytes.NewReader(output)))
	for decoder.More() {
		var told answer
		if err := decoder.Decode(&told); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, told)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

func text(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
