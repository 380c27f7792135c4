package snapshot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
)

// Compare names the objects of only one side, and the fields in which the others
// differ.
func Compare(want, got Objects) []string {
	var found []string
	for _, key := range keys(want, got) {
		switch {
		case got[key] == nil:
			found = append(found, key+" is missing")
		case want[key] == nil:
			found = append(found, key+" is too many")
		default:
			found = append(found, Differences(key, want[key], got[key])...)
		}
	}
	return found
}

// WantEqual fails the test for each difference.
func WantEqual(t *testing.T, want, got Objects) {
	t.Helper()
	for _, difference := range Compare(want, got) {
		t.Error(difference)
	}
}

// Differences names the fields in which two values differ.
func Differences(path string, want, got any) []string {
	wantMap, isMap := want.(map[string]any)
	gotMap, gotIsMap := got.(map[string]any)
	if isMap && gotIsMap {
		var found []string
		for _, key := range keys(wantMap, gotMap) {
			found = append(found, Differences(path+"."+key, wantMap[key], gotMap[key])...)
		}
		return found
	}
	wantJSON, _ := json.Marshal(want)
	gotJSON, _ := json.Marshal(got)
	if string(wantJSON) == string(gotJSON) {
		return nil
	}
	return []string{fmt.Sprintf("%s: want %s, got %s", path, wantJSON, gotJSON)}
}

// keys are those of two maps, sorted.
func keys[M ~map[string]V, V any](a, b M) []string {
	all := maps.Clone(a)
	if all == nil {
		all = M{}
	}
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}
