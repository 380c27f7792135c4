package diagnose

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"words", "all is well", "all is well"},
		{"lines", " one\r\n\ttwo\n\n", "one two"},
		{"an escape", "one\x1b[2Jtwo", "onetwo"},
		{"half an escape", "one\x1b[2", "one [2"},
		{"an escape in one character", "one\u009b2Jtwo", "one 2Jtwo"},
		{"a title", "one\x1b]0;two\x07", "one ]0;two"},
		{"deleted", "one\x7ftwo\x00", "one two"},
		{"another direction", "one\u202etwo\u2066", "onetwo"},
		{"line separators", "one\u2028two\u2029", "one two"},
		{"no UTF-8", "one\xfftwo\xc3", "one\ufffdtwo\ufffd"},
		{"other scripts", "вода 水", "вода 水"},
		{"as long as may be", strings.Repeat("水", 20), strings.Repeat("水", 20)},
		{"too long", strings.Repeat("水", 21), strings.Repeat("水", 19) + "…"},
		{"cut at a space", strings.Repeat("a", 18) + " bcd", strings.Repeat("a", 18) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := clean(test.text, 20); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	if got := clean(strings.Repeat("x", 10*maxRead), 10*maxRead); utf8.RuneCountInString(got) != maxRead {
		t.Errorf("read %d characters", utf8.RuneCountInString(got))
	}
}
