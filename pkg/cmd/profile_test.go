package cmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// TestProfile writes each profile, also when the command fails.
func TestProfile(t *testing.T) {
	for _, name := range profiles {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "profile")
			streams, _, _, stderr := genericiooptions.NewTestIOStreams()
			t.Setenv(profileVariable, name+"="+file)
			arguments := []string{"manifest", "-f", "/there/is/none"}
			if code := Run(t.Context(), arguments, streams, "test", func() {}); code != exitUsage {
				t.Errorf("exit code %d\n%s", code, stderr)
			}
			written, err := os.ReadFile(file)
			if err != nil || len(written) == 0 {
				t.Errorf("%d bytes: %v", len(written), err)
			}
		})
	}
}

func TestProfileRefused(t *testing.T) {
	for _, test := range []struct {
		value string
		code  int
		want  string
	}{
		{"much=/tmp/x", exitUsage, `invalid KUBECTL_ISTIO_DEMO_PROFILE "much=/tmp/x": use NAME=FILE, where NAME is one of cpu, `},
		{"cpu", exitUsage, `invalid KUBECTL_ISTIO_DEMO_PROFILE "cpu": use NAME=FILE, `},
		{"cpu=/there/is/none", exitFailed, "cannot write the profile: open /there/is/none: no such file or directory"},
	} {
		t.Setenv(profileVariable, test.value)
		streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
		code := Run(t.Context(), []string{"completion", "bash"}, streams, "test", func() {})
		if code != test.code || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s", test.value, code, stderr)
		}
	}
}
