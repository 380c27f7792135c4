// Package suggest finds what somebody may have meant who typed a name that does
// not exist.
package suggest

import (
	"fmt"
	"strings"
)

// Nearest returns the first of the known names that is most like a name, or
// that alone begins with it. It is empty where none is near enough to be meant.
func Nearest(name string, known []string) string {
	typed := strings.ToLower(name)
	nearest, least := "", allowed(typed)+1
	var longer []string
	for _, one := range known {
		if distance := distance(typed, strings.ToLower(one)); distance < least {
			nearest, least = one, distance
		}
		if len(typed) >= 3 && strings.HasPrefix(strings.ToLower(one), typed) {
			longer = append(longer, one)
		}
	}
	if len(longer) == 1 && least > 0 {
		return longer[0]
	}
	return nearest
}

// Remedy says what to use instead of a name: the nearest of the known ones, or
// one of them.
func Remedy(name string, known []string) string {
	if nearest := Nearest(name, known); nearest != "" {
		return fmt.Sprintf("did you mean %q?", nearest)
	}
	return "use one of " + strings.Join(known, ", ")
}

// allowed is how many letters may be wrong: one in four, and of a long name no
// more than three.
func allowed(name string) int { return min((len(name)+3)/4, 3) }

// distance returns how many letters of a have to be added, left out, replaced or
// swapped with the next to get b.
func distance(a, b string) int {
	from, to := []rune(a), []rune(b)
	// Three rows of the table: for the letters of from up to the one before the
	// last, the last, and this one.
	before, last := []int(nil), make([]int, len(to)+1)
	for j := range last {
		last[j] = j
	}
	for i := range from {
		this := make([]int, len(to)+1)
		this[0] = i + 1
		for j := range to {
			replaced := last[j]
			if from[i] != to[j] {
				replaced++
			}
			this[j+1] = min(last[j+1]+1, this[j]+1, replaced)
			if i > 0 && j > 0 && from[i] == to[j-1] && from[i-1] == to[j] {
				this[j+1] = min(this[j+1], before[j-1]+1)
			}
		}
		before, last = last, this
	}
	return last[len(to)]
}
