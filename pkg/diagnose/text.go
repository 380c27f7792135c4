package diagnose

import (
	"regexp"
	"strings"
	"unicode"
)

// Bounds of what is said, in characters. Messages of runtimes and webhooks
// can be long, and everything that matters stands in front.
const (
	maxName    = 260
	maxMessage = 300
	maxCause   = 180
	maxLine    = 200
	maxLines   = 5
	// maxRead bounds, in bytes, what is read of any text before it is cut.
	maxRead = 16 << 10
)

// escape is what colours a terminal's text; without its first character the
// rest would be left over as noise.
var escape = regexp.MustCompile(`\x1b\[[0-9;?]*[ -/]*[@-~]`)

// clean makes one line of other people's text. Control characters, which a
// terminal acts on, and those that change the direction of writing go; what
// is no UTF-8 is replaced; and of a long text the end is cut.
func clean(text string, most int) string {
	if len(text) > maxRead {
		text = text[:maxRead]
	}
	text = escape.ReplaceAllString(text, "")
	text = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r // bytes that are no UTF-8 come as U+FFFD
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return strings.TrimSpace(string(runes[:most-1])) + "…"
	}
	return text
}

// lastLines returns the last lines of a log that say anything.
func lastLines(log string) []string {
	if len(log) > maxRead {
		log = log[len(log)-maxRead:]
	}
	var lines []string
	for line := range strings.Lines(log) {
		if line = clean(line, maxLine); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-maxLines):]
}

// cut removes a beginning again and again, as wrapped errors repeat it.
func cut(text string, beginning *regexp.Regexp) string {
	for {
		found := beginning.FindString(text)
		if found == "" {
			return text
		}
		text = text[len(found):]
	}
}

// containsAny reports whether a text has one of some words, in small letters,
// in letters of either size.
func containsAny(text string, words ...string) bool {
	text = strings.ToLower(text)
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
