// Package soak says how often tests that draw lots do so: a few times in `make
// test`, and as often as they are meant to in `make soak`.
package soak

import (
	"os"
	"strconv"
	"testing"
)

// share is 1 to soak all of it, and 5 for a fifth.
var share = os.Getenv("SOAK")

// Soaking reports whether this is `make soak`.
func Soaking() bool { return share != "" }

// Times is how often a test draws lots.
func Times(t *testing.T, quickly, soaking int) int {
	t.Helper()
	if !Soaking() {
		return quickly
	}
	of, err := strconv.Atoi(share)
	if err != nil || of < 1 {
		t.Fatalf("SOAK is %q, and not 1 for all of it or 5 for a fifth", share)
	}
	return max(soaking/of, 1)
}
