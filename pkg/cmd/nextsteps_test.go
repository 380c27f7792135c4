package cmd

import "testing"

func TestNextSteps(t *testing.T) {
	for _, test := range []struct {
		name, namespace string
		own             bool
		addons, samples []string
		want            string
	}{
		{"demo", "istio-system", false, []string{"grafana", "kiali"}, nil, `next steps:
  install a sample:  kubectl istio-demo sample install bookinfo
  open Kiali:        kubectl istio-demo dashboard kiali
  uninstall:         kubectl istio-demo uninstall
`},
		{"without Kiali, elsewhere", "mesh", false, []string{"grafana"}, nil, `next steps:
  install a sample:  kubectl istio-demo sample install bookinfo
  uninstall:         kubectl istio-demo uninstall -n mesh
`},
		{"with a sample", "istio-system", false, nil, []string{"bookinfo"}, `next steps:
  list the samples:  kubectl istio-demo sample list
  uninstall:         kubectl istio-demo uninstall
`},
		{"own manifest", "mesh", true, []string{"kiali"}, nil, `next steps:
  show the status:   kubectl istio-demo status -n mesh
  uninstall:         kubectl istio-demo uninstall -n mesh
`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := nextSteps(test.namespace, test.own, test.addons, test.samples); got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}
