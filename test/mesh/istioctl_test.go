package mesh

import (
	"regexp"
	"strings"
	"testing"
)

// istioctlAgrees asks Istio's own program about what was installed.
func istioctlAgrees(t *testing.T, m mesh) {
	for _, test := range []struct{ command, want, never string }{
		{"istioctl version", "control plane version: ", "(?i)error|warn"},
		{"istioctl proxy-status", "^NAME +CLUSTER", "(?i)error|warn"},
		{"istioctl analyze -A", "", "(?m)^(Error|Warning) "},
		{"istioctl x precheck", "No issues found", "(?m)^(Error|Warning) "},
	} {
		got := m.Run(t, strings.Fields(test.command)...)
		if out := got.Stdout + got.Stderr; got.Code != 0 || !regexp.MustCompile(test.want).MatchString(out) || regexp.MustCompile(test.never).MatchString(out) {
			t.Errorf("%s: exit code %d\n%s", test.command, got.Code, out)
		}
	}
}
