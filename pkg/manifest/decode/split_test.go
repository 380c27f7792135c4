package decode

import (
	"slices"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		name, stream string
		texts        []string
		starts       []int
	}{
		{"nothing", "", nil, nil},
		{"one document", "a: 1\n", []string{"a: 1\n"}, []int{1}},
		{"no line end at the end", "a: 1", []string{"a: 1\n"}, []int{1}},
		{"two documents", "a: 1\n---\nb: 2\n", []string{"a: 1\n", "b: 2\n"}, []int{1, 3}},
		{"separator first and last", "---\na: 1\n---\n", []string{"a: 1\n"}, []int{2}},
		{"separator with space behind", "a: 1\n--- \t\nb: 2\n", []string{"a: 1\n", "b: 2\n"}, []int{1, 3}},
		{"separator with a comment", "a: 1\n--- # Source: b.yaml\nb: 2\n", []string{"a: 1\n", "b: 2\n"}, []int{1, 3}},
		{"separator with a comment at once", "a: 1\n---# b\nb: 2\n", []string{"a: 1\n", "b: 2\n"}, []int{1, 3}},
		{"content behind a separator", "a: 1\n--- {b: 2}\n", []string{"a: 1\n", "    {b: 2}\n"}, []int{1, 2}},
		{"document end", "a: 1\n...\nb: 2\n", []string{"a: 1\n", "b: 2\n"}, []int{1, 3}},
		{"document end and separator", "a: 1\n... # over\n---\nb: 2\n", []string{"a: 1\n", "b: 2\n"}, []int{1, 4}},
		{"more dots", "a: |\n  x\n....\n...x\n", []string{"a: |\n  x\n....\n...x\n"}, []int{1}},
		// The dashes of a certificate, and those inside a text.
		{"more dashes", "a: |\n  x\n-----BEGIN\n", []string{"a: |\n  x\n-----BEGIN\n"}, []int{1}},
		{"indented dashes", "a: |\n  ---\n  x\n", []string{"a: |\n  ---\n  x\n"}, []int{1}},
		{"comments only", "# licence\n---\n\n  # nothing\n---\na: 1\n", []string{"a: 1\n"}, []int{6}},
		{"comment above the content", "---\n# about a\na: 1\n", []string{"# about a\na: 1\n"}, []int{2}},
		{"windows line ends", "a: 1\r\n---\r\nb: 2\r\n", []string{"a: 1\n", "b: 2\n"}, []int{1, 3}},
		{"line ends of old", "a: 1\r---\rb: 2\r", []string{"a: 1\n", "b: 2\n"}, []int{1, 3}},
		{"byte order mark", "\ufeff---\na: 1\n", []string{"a: 1\n"}, []int{2}},
		{"space only", " \n\t\n---\n \n", nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var texts []string
			var starts []int
			for _, document := range split([]byte(test.stream)) {
				texts = append(texts, string(document.text))
				starts = append(starts, document.start)
			}
			if !slices.Equal(texts, test.texts) {
				t.Errorf("the texts are %q, want %q", texts, test.texts)
			}
			if !slices.Equal(starts, test.starts) {
				t.Errorf("they start at lines %v, want %v", starts, test.starts)
			}
		})
	}
}

func TestFirstContentLine(t *testing.T) {
	for _, test := range []struct {
		text string
		want int
	}{
		{"", -1},
		{"\n\n", -1},
		{"# a\n  # b\n", -1},
		{"a: 1", 0},
		{"\n# a\n\n  a: 1\n", 3},
		{"'# a': 1", 0},
	} {
		if got := firstContentLine([]byte(test.text)); got != test.want {
			t.Errorf("the content of %q begins in line %d, want %d", test.text, got, test.want)
		}
	}
}
