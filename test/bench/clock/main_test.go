package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestMeasure(t *testing.T) {
	file := filepath.Join(t.TempDir(), "reading.json")
	code, err := measure(file, []string{"sh", "-c", "echo header; echo row; sleep 0.3; echo row; exit 3"})
	if err != nil || code != 3 {
		t.Fatalf("exit code %d, %v", code, err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var found reading
	if err := json.Unmarshal(data, &found); err != nil {
		t.Fatal(err)
	}
	if found.Seconds < 0.3 || found.FirstRow <= 0 || found.FirstRow > found.Seconds-0.25 || found.PeakBytes < 100<<10 {
		t.Errorf("%s", data)
	}
	if _, err := measure(file, []string{"/nowhere"}); err == nil {
		t.Error("what cannot be started is no error")
	}
}
