package report

import (
	"fmt"
	"strings"
)

// Replace puts a part between the two comments of a marker.
func Replace(text, marker, part string) (string, error) {
	begin, end := "<!-- "+marker+" -->\n", "<!-- /"+marker+" -->\n"
	before, rest, begins := strings.Cut(text, begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return "", fmt.Errorf("there is no place for what was measured: %q and %q", strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return before + begin + "\n" + strings.TrimSpace(part) + "\n\n" + end + after, nil
}
