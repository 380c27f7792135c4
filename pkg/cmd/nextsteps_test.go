package cmd

import "testing"

func TestNextSteps(t *testing.T) {
	for _, test := range []struct {
		name, namespace string
		own             bool
		addons          []string
		want            string
	}{
		{"demo", "istio-system", false, []string{"grafana", "kiali"}, `next steps:
  install a sample:  kubectl istio-demo sample install bookinfo
  open Kiali:        kubectl istio-demo dashboard kiali
  uninstall:         kubectl istio-demo uninstall
`},
		{"without Kiali, elsewhere", "mesh", false, []string{"grafana"}, `next steps:
  install a sample:  kubectl istio-demo sample install bookinfo
  uninstall:         kubectl istio-demo uninstall -n mesh
`},
		{"own manifest", "mesh", true, []string{"kiali"}, `next steps:
  show the status:   kubectl istio-demo status -n mesh
  uninstall:         kubectl istio-demo uninstall -n mesh
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := nextSteps(test.namespace, test.own, test.addons); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
