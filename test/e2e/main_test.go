// Package e2e runs the program as its users do, with the real kubectl, on real
// control planes. `make e2e` builds what it needs and names it in TOOLS (the
// folder of the control plane's binaries), OLDEST (that of the oldest control
// plane), PLUGIN (the program) and RACE_PLUGIN (the program with the race
// detector in it, which is too slow for all of the tests).
package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

func TestMain(m *testing.M) {
	if user.Tools == "" || user.Plugin == "" || user.RacePlugin == "" {
		fmt.Fprintln(os.Stderr, "TOOLS, PLUGIN and RACE_PLUGIN are not set: run make e2e")
		os.Exit(1)
	}
	code, err := controlplane.Main(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
