package preflight

import "testing"

func TestSize(t *testing.T) {
	for _, test := range []struct {
		sizes   map[string]int
		verdict Verdict
		message string
	}{
		{nil, Pass, "no object is too large for etcd"},
		{map[string]int{"crd a": MaxSize}, Pass, "no object is too large for etcd"},
		{map[string]int{"crd b": 2 << 20, "crd a": MaxSize + 1, "crd c": 5}, Fail, "too large for etcd, which stores at most 1.5 MiB unless it is configured otherwise: crd a (1.5 MiB), crd b (2.0 MiB)"},
	} {
		results, err := size(t.Context(), newSurvey(t.Context(), t.Context(), Subject{Sizes: test.sizes}))
		if err != nil || len(results) != 1 || results[0].Verdict != test.verdict || results[0].Message != test.message || (results[0].Remedy == "") != (test.verdict == Pass) {
			t.Errorf("%v: %+v, %v", test.sizes, results, err)
		}
	}
}
