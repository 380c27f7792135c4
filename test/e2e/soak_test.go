package e2e

import (
	"os"
	"strconv"
	"testing"
)

// soak is empty in `make test`. In `make soak` it is 1, and the tests that
// draw lots do so as often as they are meant to; with 5 they do a fifth.
var soak = os.Getenv("SOAK")

// times gives how often a test that draws lots does so.
func times(t *testing.T, quickly, soaking int) int {
	t.Helper()
	if soak == "" {
		return quickly
	}
	share, err := strconv.Atoi(soak)
	if err != nil || share < 1 {
		t.Fatalf("SOAK is %q, and not 1 for all of it or 5 for a fifth", soak)
	}
	return max(soaking/share, 1)
}
