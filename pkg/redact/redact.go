// Package redact takes from URLs what may be secret, before they are printed,
// stored or sent to anybody.
package redact

import (
	"net/url"
	"regexp"
	"strings"
)

// hidden stands for what could not be told apart from a secret.
const hidden = "..."

// short is git's other form of an address: user@host:path.
var short = regexp.MustCompile(`^[^/\s]*@([^/@:\s]+:[^?#]*)`)

// URL returns an address without user, password, query and fragment, each of
// which may be or hold a secret: https://example.com/demo.yaml. Of what has ://
// in it and is no URL the scheme alone is left. It knows git's git@host:path and
// git::https://, too, and gives other text, such as a path, as it is.
func URL(address string) string {
	scheme, _, found := strings.Cut(address, "://")
	if !found {
		if match := short.FindStringSubmatch(address); match != nil {
			return match[1]
		}
		return address
	}
	forced := scheme[:strings.LastIndex(scheme, ":")+1]
	parsed, err := url.Parse(address[len(forced):])
	if err != nil || parsed.Scheme == "" || parsed.Opaque != "" {
		return scheme + "://" + hidden
	}
	plain := parsed.Host + parsed.EscapedPath()
	// A second URL may have parts of its own that are secret.
	if first, _, more := strings.Cut(plain, "://"); more {
		plain = first + "://" + hidden
	}
	return forced + parsed.Scheme + "://" + plain
}

// within finds URLs in a text. Between quotes they may have spaces.
var within = regexp.MustCompile(`"[a-zA-Z0-9+.:-]*://(?:[^"\\]|\\.)*"` +
	`|'[a-zA-Z0-9+.:-]*://[^\n]*?'(?:[\s:,;.)\]]|$)` +
	`|[a-zA-Z0-9+.:-]*://\S*`)

// behind is what stands behind a URL in a sentence.
const behind = "\"'`)]}>,.;: \n"

// faulty is what net/url repeats of a URL that is none: a password with a slash
// passes for a port.
var faulty = regexp.MustCompile(`(invalid (?:port|character|URL escape)) "(?:[^"\\]|\\.)*"`)

// Text returns a text, such as the error of git or of net/http, with every URL in
// it as URL gives it.
func Text(text string) string {
	text = faulty.ReplaceAllString(text, "$1")
	return within.ReplaceAllStringFunc(text, func(found string) string {
		address := strings.TrimRight(strings.TrimLeft(found, `"'`), behind)
		start := strings.Index(found, address)
		return found[:start] + URL(address) + found[start+len(address):]
	})
}

// Error returns an error whose text is as Text gives it. To errors.Is and errors.As
// it is what it was.
func Error(err error) error {
	if text := Text(err.Error()); text != err.Error() {
		return &redacted{text, err}
	}
	return err
}

type redacted struct {
	text string
	err  error
}

func (r *redacted) Error() string { return r.text }
func (r *redacted) Unwrap() error { return r.err }
