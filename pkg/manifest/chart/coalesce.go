package chart

import (
	helm "helm.sh/helm/v4/pkg/chart"
	"helm.sh/helm/v4/pkg/chart/common"
	helmchart "helm.sh/helm/v4/pkg/chart/v2"
)

// renderValues returns what the templates of a chart see. It is Helm's
// ToRenderValues (helm.sh/helm/v4/pkg/chart/common/util) for charts without
// subcharts and without a schema: that package brings a validator of schemas,
// which is set up whenever the program starts and makes a tenth of its start.
// The test holds it against Helm's. The values are changed.
func renderValues(loaded *helmchart.Chart, namespace string, values map[string]any) (common.Values, error) {
	accessor, err := helm.NewAccessor(loaded)
	if err != nil {
		return nil, err
	}
	for key, value := range values {
		// At the top, and only there, nothing in both is not even a key.
		if own, there := loaded.Values[key]; there && own == nil && value == nil {
			delete(values, key)
		}
	}
	return map[string]any{
		"Chart":        accessor.MetadataAsMap(),
		"Capabilities": common.DefaultCapabilities,
		"Release": map[string]any{
			"Name":      releaseName,
			"Namespace": namespace,
			"IsUpgrade": false,
			"IsInstall": true,
			"Revision":  1,
			"Service":   managedBy,
		},
		"Values": common.Values(coalesce(clone(loaded.Values), values)),
	}, nil
}

// coalesce puts a chart's own values below those that are given. A value that
// is given as null takes the chart's away, and a chart's null is none.
func coalesce(own, given map[string]any) map[string]any {
	for key, value := range own {
		if value == nil {
			continue
		}
		table, isTable := value.(map[string]any)
		above, there := given[key]
		aboveTable, bothTables := above.(map[string]any)
		switch {
		case !there && isTable:
			given[key] = coalesce(table, map[string]any{})
		case !there:
			given[key] = value
		case above == nil:
			delete(given, key)
		case isTable && bothTables:
			coalesce(table, aboveTable)
		}
	}
	return given
}
