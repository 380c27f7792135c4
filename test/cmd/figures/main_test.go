package main

import (
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/measure"
)

func TestWrite(t *testing.T) {
	var out strings.Builder
	write(&out, []measure.File{
		{Path: "pkg/a/a.go", Lines: 301, Code: 290, Functions: []measure.Function{{Lines: 61}, {Lines: 5}, {Lines: 60}}},
		{Path: "pkg/a/b.go", Lines: 10, Code: 9, Functions: []measure.Function{{Lines: 3}}},
		{Path: "pkg/a/b_test.go", Lines: 33, Code: 30, Tested: 20, Steps: 4},
		{Path: "test/c/c.go", Lines: 44, Code: 40, Functions: []measure.Function{{Lines: 99}}},
	})
	const want = `pkg and cmd: 299 lines
  2 files: median 301 lines, longest 301, 1 above 300
  4 functions: median 60 lines, longest 61, 1 above 60
tests: 20 lines in tests, examples, fuzz tests and benchmarks, 4 in their steps, 46 of support

PACKAGE  LINES  FILES  TEST LINES  TEST FILES
pkg/a    299    2      30          1
test/c   40     1      0           0
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", &out, want)
	}
	if got := describe("files", nil, 1); got != "no files" {
		t.Errorf("of nothing it says %s", got)
	}
}
