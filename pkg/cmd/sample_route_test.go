package cmd

import (
	"reflect"
	"strings"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/samples"
)

func TestParseRoutes(t *testing.T) {
	for _, test := range []struct {
		argument string
		want     samples.Route
	}{
		{"reviews=v1", samples.Route{Service: "reviews", Weights: []samples.Weight{{Version: "v1", Percent: 100}}}},
		{"reviews=v1:100", samples.Route{Service: "reviews", Weights: []samples.Weight{{Version: "v1", Percent: 100}}}},
		{"reviews=v1:90,v3:10", samples.Route{Service: "reviews", Weights: []samples.Weight{{Version: "v1", Percent: 90}, {Version: "v3", Percent: 10}}}},
		{"reviews=v1:100,v3:0", samples.Route{Service: "reviews", Weights: []samples.Weight{{Version: "v1", Percent: 100}, {Version: "v3", Percent: 0}}}},
		{"reviews-", samples.Route{Service: "reviews"}},
	} {
		got, err := parseRoutes([]string{test.argument})
		if err != nil || len(got) != 1 || !reflect.DeepEqual(got[0], test.want) {
			t.Errorf("%s is read as %+v: %v", test.argument, got, err)
		}
	}
	for arguments, want := range map[string]string{
		"reviews":                         `invalid route "reviews"; use SERVICE=VERSION`,
		"=v1":                             `invalid route "=v1"`,
		"reviews=":                        `invalid route "reviews="`,
		"-":                               `invalid route "-"`,
		"reviews=v1:90,v3:11":             `weights add up to 101 instead of 100`,
		"reviews=v1:50":                   `weights add up to 50 instead of 100`,
		"reviews=v1,v3":                   `weight of v1 missing; only a single version can omit it`,
		"reviews=v1:90,v1:10":             `duplicate version v1`,
		"reviews=:100":                    `version missing`,
		"reviews=v1:ninety":               `weight of v1 must be a whole number from 0 to 100, not "ninety"`,
		"reviews=v1:-10,v2:110":           `weight of v1 must be a whole number`,
		"reviews=v1:90,":                  `version missing`,
		"reviews=v1 reviews=v2":           `duplicate route for service reviews`,
		"reviews=v1:99999999999999999999": `weight of v1 must be a whole number`,
	} {
		if got, err := parseRoutes(strings.Fields(arguments)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is read as %+v: %v", arguments, got, err)
		}
	}
}

// TestPrintRoutes prints nothing that a terminal acts on.
func TestPrintRoutes(t *testing.T) {
	var out strings.Builder
	err := printRoutes([]samples.ServiceRoute{
		{Route: samples.Route{Service: "details", Weights: []samples.Weight{}}, Versions: []string{"v1"}},
		{Route: samples.Route{Service: "reviews", Weights: []samples.Weight{{Version: "v1", Percent: 90}, {Version: "v\x1b3", Percent: 10}}}, Versions: []string{"v1", "v3"}},
	}, &out)
	want := "SERVICE   VERSIONS   ROUTE\ndetails   v1         <none>\nreviews   v1,v3      v1:90,v 3:10\n"
	if err != nil || out.String() != want {
		t.Errorf("%v\n%q", err, out.String())
	}
}
