// Package shell writes the command lines that users are told to run. They get
// pasted into whatever shell that is, and the names in them come from a server
// or a manifest, so nothing depends on quoting: a name that a shell could take
// for more than one word is not shown at all.
package shell

import (
	"regexp"
	"strings"
)

// Placeholder stands where a name cannot be shown. Names of objects are in lower
// case, and the rest of the message says which one is meant.
const Placeholder = "NAME"

// plain are names of one word, which are no flag, no list and no path. Those of
// objects are, as Kubernetes has them, but for a few of RBAC.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$`)

// IsPlain tells whether a name means the same to every shell, and to a command
// that gets it as an argument.
func IsPlain(name string) bool { return plain.MatchString(name) }

// Line gives a command line: text, with a name in the place of each {}. The
// text is the program's own. A name that is not plain is left out, as one that
// is missing: Placeholder stands there.
func Line(text string, names ...string) string {
	var line strings.Builder
	for {
		before, after, found := strings.Cut(text, "{}")
		line.WriteString(before)
		if !found {
			return line.String()
		}
		name := Placeholder
		if len(names) > 0 {
			if IsPlain(names[0]) {
				name = names[0]
			}
			names = names[1:]
		}
		line.WriteString(name)
		text = after
	}
}

// In gives the flag for a namespace, to be put after a line: " -n NAMESPACE",
// and nothing for objects that are in none.
func In(namespace string) string {
	if namespace == "" {
		return ""
	}
	return Line(" -n {}", namespace)
}

// Names gives names to be put after a line: " a b".
func Names(names ...string) string { return Line(strings.Repeat(" {}", len(names)), names...) }

// Demo gives a command line of this program about the demo in a namespace, which
// is named unless it is the default one.
func Demo(command, namespace string) string {
	const home = "istio-system"
	if namespace == home {
		namespace = ""
	}
	return "kubectl istio-demo " + command + In(namespace)
}
