package progress

import (
	"strings"
	"testing"
)

// TestTable prints a table where its width is not known, and on terminals of
// several widths.
func TestTable(t *testing.T) {
	table := Table{{"NAME", "VERDICT", "MESSAGE"}}
	table.Row("version", "pass", "the cluster runs Kubernetes v1.37.2; 1.32 or newer is required")
	table.Row("", "", "-> run 'kubectl create namespace a-long-name-of-a-namespace'")
	table.Row("a\x1b[31m", "", "registry.example.com/a/very/long/name/of/an/image/without/any/space:1")
	for _, test := range []struct {
		columns int
		want    string
	}{
		{0, `
NAME      VERDICT   MESSAGE
version   pass      the cluster runs Kubernetes v1.37.2; 1.32 or newer is required
                    -> run 'kubectl create namespace a-long-name-of-a-namespace'
a [31m              registry.example.com/a/very/long/name/of/an/image/without/any/space:1
`},
		{60, `
NAME      VERDICT   MESSAGE
version   pass      the cluster runs Kubernetes v1.37.2;
                    1.32 or newer is required
                    -> run
                    'kubectl create namespace a-long-name-of-a-namespace'
a [31m              registry.example.com/a/very/long/name/o
                    f/an/image/without/any/space:1
`},
		{80, `
NAME      VERDICT   MESSAGE
version   pass      the cluster runs Kubernetes v1.37.2; 1.32 or newer is
                    required
                    -> run
                    'kubectl create namespace a-long-name-of-a-namespace'
a [31m              registry.example.com/a/very/long/name/of/an/image/without/a
                    ny/space:1
`},
	} {
		var out strings.Builder
		if err := table.Print(&out, test.columns); err != nil {
			t.Fatal(err)
		}
		if got := "\n" + out.String(); got != test.want {
			t.Errorf("%d columns: got%s\nwant%s", test.columns, got, test.want)
		}
	}
}

// TestTableFits has the widest columns give way, and none become so narrow that
// nothing can be read.
func TestTableFits(t *testing.T) {
	for _, test := range []struct {
		widths, want []int
		columns      int
	}{
		{[]int{5, 5}, []int{5, 5}, 13},
		{[]int{30, 5}, []int{22, 5}, 30},
		{[]int{30, 40}, []int{23, 24}, 50},
		{[]int{30, 40}, []int{10, 10}, 5},
	} {
		got := append([]int(nil), test.widths...)
		fit(got, test.columns)
		for n := range got {
			if got[n] != test.want[n] {
				t.Errorf("%v in %d: got %v, want %v", test.widths, test.columns, got, test.want)
				break
			}
		}
	}
}

// TestTableWide counts columns, not letters.
func TestTableWide(t *testing.T) {
	table := Table{{"名称", "b"}, {"x", "日本語日本語日本語"}}
	var out strings.Builder
	if err := table.Print(&out, 20); err != nil {
		t.Fatal(err)
	}
	if want := "名称   b\nx      日本語日本語\n       日本語\n"; out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}
