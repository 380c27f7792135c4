package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/bench/report"
)

func TestScaleManifest(t *testing.T) {
	for _, objects := range []int{100, 1000, 5000} {
		manifest := scaleManifest(objects)
		seen, kinds := map[string]bool{}, map[string]int{}
		for document := range strings.SplitSeq(manifest, "---\n") {
			kind := regexp.MustCompile(`(?m)^kind: (.*)$`).FindStringSubmatch(document)
			meta := regexp.MustCompile(`(?m)^metadata: \{(.*)\}$`).FindStringSubmatch(document)
			if kind == nil || meta == nil {
				t.Fatalf("this is no object:\n%s", document)
			}
			kinds[kind[1]]++
			seen[kind[1]+" "+meta[1]] = true
		}
		if len(seen) != objects || kinds["Namespace"] != scaleNamespaces {
			t.Errorf("of %d objects there are %d: %v", objects, len(seen), kinds)
		}
		for _, kind := range []string{"ConfigMap", "Service", "ServiceAccount", "Role", "Deployment"} {
			if kinds[kind] == 0 {
				t.Errorf("among %d objects there is no %s", objects, kind)
			}
		}
	}
}

// TestTables expects the documents to have the tables of the numbers in
// docs/bench.
func TestTables(t *testing.T) {
	places, err := savedPlaces("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range places {
		data, err := os.ReadFile(filepath.Join("../..", place.file))
		if err != nil {
			t.Fatal(err)
		}
		switch got, err := report.Replace(string(data), place.marker, place.text); {
		case err != nil:
			t.Errorf("%s: %v", place.file, err)
		case got != string(data):
			t.Errorf("%s: the part %s is stale: run make bench-tables", place.file, place.marker)
		}
	}
}

func TestNumbers(t *testing.T) {
	if got, err := numbers("0, 50,200"); err != nil || len(got) != 3 || got[2] != 200 {
		t.Errorf("%v %v", got, err)
	}
	if got, err := numbers("0,fast"); err == nil {
		t.Errorf("%v", got)
	}
}

func TestMachineValue(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cpuinfo")
	if err := os.WriteFile(file, []byte("processor\t: 0\nmodel name\t: Fast One\nmodel name\t: Other\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := value(file, "model name"); got != "Fast One" {
		t.Errorf("%q", got)
	}
	if got := value(file, "cores"); got != "" {
		t.Errorf("%q", got)
	}
}

// TestCold sees that a command's own arguments are left as they are.
func TestCold(t *testing.T) {
	for _, shower := range showers {
		before := strings.Join(shower.command, " ")
		got := strings.Join(cold(shower.command, "/empty"), " ")
		if got != before+" --cache-dir /empty" || strings.Join(shower.command, " ") != before {
			t.Errorf("%q became %q", before, got)
		}
	}
}

// TestSave sees that what is written is still JSON.
func TestSave(t *testing.T) {
	root := t.TempDir()
	want := report.Applied{Tool: "a", Get: []float64{0.5, 1e-7, 3}, List: []float64{-2}}
	if err := save(root, "docs/one.json", want); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(root, "docs/one.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got report.Applied
	if err := json.Unmarshal(data, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%s", err, data)
	}
	if lines := strings.Count(string(data), "\n"); lines > 12 {
		t.Errorf("%d lines:\n%s", lines, data)
	}
}

func TestChoose(t *testing.T) {
	all := []contender{{name: report.Ours}, {name: report.Helm}, {name: report.SSA}}
	if got, err := choose(all, ""); err != nil || len(got) != 3 {
		t.Errorf("all: %v %v", got, err)
	}
	if got, err := choose(all, report.SSA+","+report.Ours); err != nil || len(got) != 2 || got[0].name != report.SSA || got[1].name != report.Ours {
		t.Errorf("two: %v %v", got, err)
	}
	if got, err := choose(all, "kapp"); err == nil {
		t.Errorf("one that is not there: %v", got)
	}
}

func TestUsage(t *testing.T) {
	if err := run(context.Background(), nil); err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("without a mode: %v", err)
	}
}
