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
		"reviews":                         `"reviews" is no route; write SERVICE=VERSION`,
		"=v1":                             `"=v1" is no route`,
		"reviews=":                        `"reviews=" is no route`,
		"-":                               `"-" is no route`,
		"reviews=v1:90,v3:11":             `the weights are 101 together and must be 100`,
		"reviews=v1:50":                   `the weights are 50 together and must be 100`,
		"reviews=v1,v3":                   `v1 has no weight; only a single version may have none`,
		"reviews=v1:90,v1:10":             `v1 is there twice`,
		"reviews=:100":                    `a version is missing`,
		"reviews=v1:ninety":               `the weight of v1 is a whole number of percent from 0 to 100, not "ninety"`,
		"reviews=v1:-10,v2:110":           `the weight of v1 is a whole number`,
		"reviews=v1:90,":                  `a version is missing`,
		"reviews=v1 reviews=v2":           `service reviews is routed twice`,
		"reviews=v1:99999999999999999999": `the weight of v1 is a whole number`,
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
