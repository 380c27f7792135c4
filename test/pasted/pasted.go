// Package pasted tries what happens to people who paste the commands that a
// message tells them to run, whatever the names in it.
package pasted

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// Names are names of objects as a server or a manifest could have them. Those
// that a shell runs leave a file, or pass a flag.
var Names = []string{
	"$(: >ran)",
	"`: >ran`",
	"a; : >ran",
	"a\n: >ran\n",
	"a' ; : >ran ; '",
	"a' $(: >ran) 'b",
	`a" ; : >ran ; "`,
	"a & : >ran &",
	"a > ran",
	"--all",
	"a --all-namespaces",
	"pods,secrets",
	"%PATH%",
	"a\x00b",
	"a\u202eb",
}

// command begins what a message tells people to run.
var command = regexp.MustCompile(`('?)\b(?:kubectl|helm|istioctl|curl) `)

// In gives the commands of a message: what is in quotes, or comes after a colon
// until the message ends.
func In(message string) []string {
	var found []string
	for _, at := range command.FindAllStringSubmatchIndex(message, -1) {
		line := message[at[3]:]
		if at[2] < at[3] {
			line, _, _ = strings.Cut(line, "'")
		}
		found = append(found, line)
	}
	return found
}

// Check fails where a message has no command, where a name is part of one, or
// where one does more, in a shell, than call such a program.
func Check(t *testing.T, name, message string) {
	t.Helper()
	lines := In(message)
	if len(lines) == 0 {
		t.Errorf("there is no command in\n%s", message)
	}
	for _, line := range lines {
		if strings.Contains(line, name) {
			t.Errorf("%q is in the command\n%s", name, line)
		}
		const programs = "kubectl() { :; }\nhelm() { :; }\nistioctl() { :; }\ncurl() { :; }\n"
		shell := exec.CommandContext(t.Context(), "/bin/sh", "-c", programs+line)
		shell.Dir, shell.Env = t.TempDir(), []string{"PATH=/nowhere"}
		output, err := shell.CombinedOutput()
		if err != nil || len(output) > 0 {
			t.Errorf("a shell takes it for something else: %v\n%s\n%s", err, line, output)
		}
		if left, err := os.ReadDir(shell.Dir); err != nil || len(left) > 0 {
			t.Errorf("it leaves %v, %v\n%s", left, err, line)
		}
	}
}
