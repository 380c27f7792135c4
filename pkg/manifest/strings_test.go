package manifest_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

func parsed(t *testing.T, text string) *unstructured.Unstructured {
	t.Helper()
	data, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(data); err != nil {
		t.Fatal(err)
	}
	return object
}

func TestCheckStrings(t *testing.T) {
	const deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n"
	for _, test := range []struct{ name, object, want string }{
		{"strings", "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {a: b}, annotations: {c: '1'}}\nspec: {selector: {version: '2'}}", ""},
		{"labels", "apiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {version: 1.10, canary: true, app: a}}",
			"not a string: metadata.labels.canary (boolean), metadata.labels.version (number); put it in quotes"},
		{"annotation", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, annotations: {wave: 3}}", "not a string: metadata.annotations.wave (number); put it in quotes"},
		{"mapping", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, annotations: {wave: {a: b}, x: [c]}}", "not a string: metadata.annotations.wave (mapping), metadata.annotations.x (list); put it in quotes"},
		{"no mapping", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: [b]}", "metadata.labels must be a mapping, not a list"},
		{"selector of a Service", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {version: 2}}", "not a string: spec.selector.version (number); put it in quotes"},
		{"selector of a Deployment", deployment + "spec: {selector: {matchLabels: {version: 2}}}", "not a string: spec.selector.matchLabels.version (number); put it in quotes"},
		{"selector of a NetworkPolicy", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {matchLabels: {canary: false}}}", "not a string: spec.podSelector.matchLabels.canary (boolean); put it in quotes"},
		{"template", deployment + "spec: {template: {metadata: {labels: {version: 2}, annotations: {inject: true}}, spec: {nodeSelector: {gpu: true}}}}",
			"not a string: spec.template.spec.nodeSelector.gpu (boolean), spec.template.metadata.labels.version (number), spec.template.metadata.annotations.inject (boolean); put it in quotes"},
		{"template of a CronJob", "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {template: {metadata: {labels: {version: 2}}}}}}", "not a string: spec.jobTemplate.spec.template.metadata.labels.version (number); put it in quotes"},
		{"data", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {port: 80}", "not a string: data.port (number); put it in quotes"},
		{"stringData", "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData: {pin: 1234}", "not a string: stringData.pin (number); put it in quotes"},
		{"custom resource", "apiVersion: demo.example.com/v1\nkind: Gadget\nmetadata: {name: a}\ndata: {port: 80}\nspec: {selector: {matchLabels: {a: 1}}}", ""},
		{"label of a custom resource", "apiVersion: demo.example.com/v1\nkind: Gadget\nmetadata: {name: a, labels: {a: 1}}", "not a string: metadata.labels.a (number); put it in quotes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := manifest.CheckStrings(parsed(t, test.object))
			if test.want == "" && err != nil || test.want != "" && (err == nil || err.Error() != test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

// TestCheckStringsNull reads null as the server does, so that nothing beside it is lost.
func TestCheckStringsNull(t *testing.T) {
	object := parsed(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {istio-injection: enabled, wave: null}, annotations: null}")
	if err := manifest.CheckStrings(object); err != nil {
		t.Fatal(err)
	}
	labels := object.GetLabels()
	if wave, there := labels["wave"]; labels["istio-injection"] != "enabled" || !there || wave != "" {
		t.Errorf("the labels are %v", labels)
	}
	if _, there := object.Object["metadata"].(map[string]any)["annotations"]; there {
		t.Error("the annotations are still null")
	}
}
