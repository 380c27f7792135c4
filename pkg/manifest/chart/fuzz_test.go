package chart

import (
	"strings"
	"testing"
)

// FuzzMergeValues merges a file and an assignment: both may be anything that a
// user types, and what comes of them has to be fit for a copy.
func FuzzMergeValues(f *testing.F) {
	for _, file := range []string{
		"", "pilot: {traceSampling: 7}\n", "- a\n", "a\n", "null\n", "a: [x\n", "a: b: c\n", "1: {2: 3}\n", "a: [{b: 1}]\n", "a: &a [x]\nb: *a\n",
		"a: .nan\n", "a: 2026-01-01\n", "a: !!binary YQ==\n", "a: 18446744073709551616\n", "? [a]\n: b\n", "{a: 1}{b: 2}", "a: 1\n---\nb: 2\n", "a\x1b: \x85\n", "\xff",
	} {
		f.Add([]byte(file), "a=1")
	}
	for _, assignment := range []string{
		"", "pilot", "a.b=y", "a=true,b=text", "c={x,y}", "a[0].b=x", "a[1][2]=x", "a[99999999999]=x", "a[-1]=x", "a[x]=1", "a=null", "a=", "=a", "a.=1", ".a=1",
		`a\.b=1`, `a\=b=1`, "a={", "a={}}", "a=b\nerror: c=d", "a\x1b[2J", "a=0x7f,b=1e5,c=07", strings.Repeat("a.", 40) + "b=1", "a={{x,y},z}", "a=1,a.b=2", "a[0]=1,a.b=2",
	} {
		f.Add([]byte("a: {b: [1, {c: d}]}\n"), assignment)
	}
	f.Fuzz(func(t *testing.T, data []byte, assignment string) {
		values, err := MergeValues([]ValuesFile{{Name: "own.yaml", Data: data}}, []string{assignment})
		if err == nil {
			clone(values)
			return
		}
		text := err.Error()
		if strings.ContainsAny(text, "\n\r") || !strings.HasPrefix(text, "--values own.yaml: ") && !strings.HasPrefix(text, "--set ") {
			t.Errorf("the error is %q", text)
		}
	})
}
