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
	for _, name := range profiles[1:] {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "profile")
			streams, _, _, stderr := genericiooptions.NewTestIOStreams()
			arguments := []string{"manifest", "-f", "/there/is/none", "--profile", name, "--profile-output", file}
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
		arguments []string
		code      int
		want      string
	}{
		{[]string{"--profile=much"}, exitUsage, `--profile is one of none, cpu, heap, goroutine, threadcreate, block, mutex, trace, and not "much"`},
		{[]string{"--profile=cpu", "--profile-output=/there/is/none"}, exitFailed, "cannot write the profile: open /there/is/none: no such file or directory"},
	} {
		streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
		code := Run(t.Context(), append([]string{"completion", "bash"}, test.arguments...), streams, "test", func() {})
		if code != test.code || !strings.Contains(stderr.String(), test.want) || stdout.Len() > 0 {
			t.Errorf("%v: exit code %d\n%s", test.arguments, code, stderr)
		}
	}
}
