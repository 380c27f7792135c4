package measure

import (
	"reflect"
	"testing"
	"testing/fstest"
)

func TestRead(t *testing.T) {
	tree := fstest.MapFS{
		"pkg/a/a.go":      {Data: []byte("package a\n\n// F is documented.\nfunc F() {\n}\n\ntype T struct{}\n\nfunc (T) Test() int { return 0 }\n")},
		"pkg/a/a_test.go": {Data: []byte("package a\n\nfunc TestMain() {}\n\nfunc TestF() {\n\tF()\n\n}\n\nfunc FuzzF() {\n}\n\nfunc help() {}\n\nfunc step(t *testing.T) {\n}\n\nfunc helper(t *testing.T) {\n\tt.Helper()\n}\n")},
		"test/b/b.go":     {Data: []byte("package b\n\nfunc TestF() {}\n")},
		".build/c/c.go":   {Data: []byte("package c\n")},
		"pkg/a/a.txt":     {Data: []byte("text\n")},
	}
	got, err := Read(tree)
	if err != nil {
		t.Fatal(err)
	}
	want := []File{
		{Path: "pkg/a/a.go", Lines: 9, Code: 6, Functions: []Function{{Name: "F", Lines: 2}, {Name: "Test", Lines: 1}}},
		{Path: "pkg/a/a_test.go", Lines: 20, Code: 13, Tested: 5, Steps: 2, Functions: []Function{
			{Name: "TestMain", Lines: 1}, {Name: "TestF", Lines: 4, Tested: true}, {Name: "FuzzF", Lines: 2, Tested: true}, {Name: "help", Lines: 1}, {Name: "step", Lines: 2}, {Name: "helper", Lines: 3},
		}},
		{Path: "test/b/b.go", Lines: 3, Code: 2, Functions: []Function{{Name: "TestF", Lines: 1}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for i, is := range []bool{false, true, true} {
		if got[i].IsTest() != is {
			t.Errorf("%s is a test: %t", got[i].Path, !is)
		}
	}
	if _, err := Read(fstest.MapFS{"a.go": {Data: []byte("not Go\n")}}); err == nil {
		t.Error("a file that does not parse is counted")
	}
}
