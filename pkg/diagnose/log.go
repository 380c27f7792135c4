package diagnose

import (
	"regexp"
	"slices"
	"strings"
)

const (
	// tailLines and maxLog bound what is asked for of a log. Programs that do not
	// get ready say so again and again, and why somewhere between.
	tailLines = 60
	maxLog    = 32 << 10
	// levelWithin is how far from its beginning a line says its level.
	levelWithin = 100
)

var (
	grave = regexp.MustCompile(`(?i)\b(?:warn|warning|error|err|fatal|panic|critical)\b`)
	mild  = regexp.MustCompile(`(?i)\b(?:info|debug|trace)\b`)
	// echo is how a proxy and istiod answer their probes, whatever the cause.
	echo   = regexp.MustCompile(`Envoy proxy is NOT ready|\bwarn\s+[a-z ]+ is not ready$`)
	digits = regexp.MustCompile(`[0-9]+`)
)

// complaints returns the last errors and warnings of a log, those that differ by
// more than numbers.
func complaints(log string) []string {
	var lines []string
	kinds := map[string]bool{}
	all := strings.Split(tail(log), "\n")
	for _, line := range slices.Backward(all) {
		beginning := line[:min(len(line), levelWithin)]
		at := grave.FindStringIndex(beginning)
		before := mild.FindStringIndex(beginning)
		if at == nil || before != nil && before[0] < at[0] {
			continue
		}
		line = clean(line, maxLine)
		kind := digits.ReplaceAllString(line, "")
		if line != "" && !kinds[kind] && len(lines) < maxLines {
			kinds[kind] = true
			lines = append(lines, line)
		}
	}
	slices.Reverse(lines)
	if told := slices.DeleteFunc(slices.Clone(lines), echo.MatchString); len(told) > 0 {
		return told
	}
	return lines
}

// tail bounds a log that may be longer than was asked for.
func tail(log string) string { return log[max(0, len(log)-maxLog):] }
