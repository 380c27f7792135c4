package apiupgrade

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest/decode"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
)

func TestAnnotations(t *testing.T) {
	// pod has annotations and a spec; want is the spec that it gets.
	for _, test := range []struct {
		name, annotations, spec, want string
		notes                         []string
	}{
		{"tolerations", `scheduler.alpha.kubernetes.io/tolerations: '[{"key":"a","operator":"Exists"}]'`, "hostname: b", "hostname: b\ntolerations:\n- key: a\n  operator: Exists\n",
			[]string{"the annotation scheduler.alpha.kubernetes.io/tolerations of metadata becomes spec.tolerations"}},
		{"affinity", `scheduler.alpha.kubernetes.io/affinity: '{"nodeAffinity":{"a":1}}'`, "{}", "affinity:\n  nodeAffinity:\n    a: 1\n",
			[]string{"the annotation scheduler.alpha.kubernetes.io/affinity of metadata becomes spec.affinity"}},
		{"a field as well", `scheduler.alpha.kubernetes.io/tolerations: '[{"key":"a"}]'`, "tolerations: [{key: b}]", "", nil},
		{"no JSON", `scheduler.alpha.kubernetes.io/tolerations: '[{'`, "{}", "", nil},
		{"seccomp", "seccomp.security.alpha.kubernetes.io/pod: localhost/a.json", "securityContext: {runAsUser: 1}", "securityContext:\n  runAsUser: 1\n  seccompProfile:\n    localhostProfile: a.json\n    type: Localhost\n",
			[]string{"the annotation seccomp.security.alpha.kubernetes.io/pod of metadata becomes spec.securityContext.seccompProfile"}},
		{"sysctls", "security.alpha.kubernetes.io/sysctls: 'a=1,b=2'", "{}", "securityContext:\n  sysctls:\n  - name: a\n    value: \"1\"\n  - name: b\n    value: \"2\"\n",
			[]string{"the annotation security.alpha.kubernetes.io/sysctls of metadata becomes spec.securityContext.sysctls"}},
		{"strange sysctls", "security.alpha.kubernetes.io/sysctls: a", "{}", "", nil},
		{"critical", "scheduler.alpha.kubernetes.io/critical-pod: ''", "{}", "{}\n",
			[]string{"the annotation scheduler.alpha.kubernetes.io/critical-pod of metadata has no effect any more; set spec.priorityClassName of the pods instead"}},
		{"critical, with a priority", "scheduler.alpha.kubernetes.io/critical-pod: ''", "priorityClassName: a", "", nil},
		{"none of old", "sidecar.istio.io/inject: 'true'", "{}", "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {" + test.annotations + "}}\nspec: {" + strings.Trim(test.spec, "{}") + "}\n"
			if strings.Contains(test.spec, ": {") || strings.Contains(test.spec, "[{") {
				text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {" + test.annotations + "}}\nspec: {" + test.spec + "}\n"
			}
			upgraded, change := one(t, text)
			if test.notes == nil {
				if change != nil {
					t.Errorf("it is changed: %q", change.Notes)
				}
				return
			}
			if change == nil || !slices.Equal(change.Notes, test.notes) || change.From != change.To {
				t.Fatalf("the change is %+v", change)
			}
			spec, err := yaml.Marshal(upgraded.Object["spec"])
			if err != nil || string(spec) != test.want {
				t.Errorf("the spec is\n%s, want\n%s", spec, test.want)
			}
		})
	}
}

// TestAnnotationsOfTemplates looks into templates, also of an object whose version
// is not served, and at a Service.
func TestAnnotationsOfTemplates(t *testing.T) {
	const template = "template: {metadata: {labels: {a: b}, annotations: {pod.beta.kubernetes.io/hostname: c, scheduler.alpha.kubernetes.io/critical-pod: ''}}, spec: {containers: []}}"
	for _, test := range []struct{ object, want string }{
		{"apiVersion: extensions/v1beta1\nkind: DaemonSet\nmetadata: {name: a}\nspec: {" + template + "}", "spec.template.spec.hostname"},
		{"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {spec: {" + template + "}}}", "spec.jobTemplate.spec.template.spec.hostname"},
		{"apiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: {service.beta.kubernetes.io/external-traffic: OnlyLocal}}\nspec: {}", "spec.externalTrafficPolicy"},
	} {
		upgraded, change := one(t, test.object)
		if change == nil || !strings.Contains(strings.Join(change.Notes, "\n"), " becomes "+test.want) {
			t.Errorf("%s: the change is %+v", upgraded.GetKind(), change)
		} else if useless := len(change.Ineffective); useless != 1 && upgraded.GetKind() != "Service" {
			t.Errorf("%s: without effect are %q", upgraded.GetKind(), change.Ineffective)
		}
	}
	if _, change := one(t, "apiVersion: demo.example.com/v1\nkind: Pod\nmetadata: {name: a, annotations: {pod.beta.kubernetes.io/hostname: c}}\nspec: {}"); change != nil {
		t.Errorf("a custom resource is changed: %+v", change)
	}
}

// TestAllWithoutNamespace reports cluster-scoped objects without the namespace that
// somebody wrote.
func TestAllWithoutNamespace(t *testing.T) {
	content, err := decode.Decode("demo.yaml", []byte("apiVersion: rbac.authorization.k8s.io/v1beta1\nkind: ClusterRole\nmetadata: {name: a, namespace: mesh}\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	upgraded, err := All(content.Objects, today(t))
	if err != nil || len(upgraded.Changes) != 1 || upgraded.Changes[0].Object.String() != "clusterrole a" {
		t.Errorf("the changes are %+v, %v", upgraded.Changes, err)
	}
}

// TestTellIneffective tells of an annotation once, however many objects have it.
func TestTellIneffective(t *testing.T) {
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {scheduler.alpha.kubernetes.io/critical-pod: ''}}\nspec: {}\n"
	content, err := decode.Decode("demo.yaml", []byte(pod+"---\n"+strings.Replace(pod, "name: a", "name: b", 1)), true)
	if err != nil {
		t.Fatal(err)
	}
	upgraded, err := All(content.Objects, today(t))
	if err != nil {
		t.Fatal(err)
	}
	var told []event.Event
	upgraded.TellIneffective(func(one event.Event) { told = append(told, one) })
	want := event.Warning{Message: "demo.yaml, document 1 (line 1): pod a (and 1 more): the annotation scheduler.alpha.kubernetes.io/critical-pod of metadata has no effect any more; set spec.priorityClassName of the pods instead"}
	if len(told) != 1 || told[0] != want {
		t.Errorf("told is %+v", told)
	}
}

// schemaOf upgrades a definition with a field spec of a schema, and returns the notes.
func schemaOf(t *testing.T, schema, more string) []string {
	t.Helper()
	object := fixture.Objects(t, "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nmetadata: {name: as.example.com}\nspec:\n  group: example.com\n  version: v1\n  scope: Namespaced\n  names: {kind: A, plural: as}\n  preserveUnknownFields: false\n  validation: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {f: "+schema+"}}}}}\n"+more)[0]
	_, change, err := Upgrade(object, today(t))
	if err != nil {
		t.Fatal(err)
	}
	return change.Notes
}

// TestDefinitionsThatV1Refuses says what gives way; test/oracle asks v1 itself.
func TestDefinitionsThatV1Refuses(t *testing.T) {
	const f = "the schema's openAPIV3Schema.properties[spec].properties[f]"
	const ports = "type: array, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [port], items: {type: object, "
	for _, test := range []struct{ name, schema, want string }{
		{"type", "{type: bool}", f + ` accepts any value: the type "bool" does not exist`},
		{"key that is optional", "{" + ports + "properties: {port: {type: integer}}}}", f + " is a list that is replaced as a whole: v1 wants the key port to be required or to have a default"},
		{"key that is required", "{" + ports + "required: [port], properties: {port: {type: integer}}}}", ""},
		{"key with a default", "{" + ports + "properties: {port: {type: integer, default: 80}}}}", ""},
		{"key that is unknown", "{" + ports + "properties: {}}}", f + " is a list that is replaced as a whole: v1 wants the key port to be a simple field of the items"},
		{"set of objects", "{type: array, x-kubernetes-list-type: set, items: {type: object}}", f + " is a list that is replaced as a whole: v1 wants the items of a set to be atomic"},
		{"set", "{type: array, x-kubernetes-list-type: set, items: {type: string}}", ""},
		{"no list", "{type: string, x-kubernetes-list-type: atomic}", f + " is a list that is replaced as a whole: v1 does not accept its x-kubernetes-list-type or -list-map-keys"},
		{"mapping that is none", "{type: string, x-kubernetes-map-type: atomic}", f + ".x-kubernetes-map-type is left out: v1 does not accept it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := strings.Join(schemaOf(t, test.schema, ""), "\n"); got != test.want {
				t.Errorf("the notes are\n%s, want\n%s", got, test.want)
			}
		})
	}
	got := schemaOf(t, "{type: string}", "  additionalPrinterColumns: [{name: Age, type: date, JSONPath: metadata.creationTimestamp}, {name: Phase, type: text, JSONPath: '{.status.phase}'}, {name: Lost, type: string, jsonPath: .spec}]\n")
	want := []string{`unknown field spec.additionalPrinterColumns[2].jsonPath is left out`, `the path of the printer column "Age" becomes .metadata.creationTimestamp`, `the path of the printer column "Phase" becomes .status.phase`,
		`the type of the printer column "Phase" becomes string: v1 does not know "text"`, `the printer column "Lost" is left out: it has no name or no path`}
	if !slices.Equal(got, want) {
		t.Errorf("of the columns the notes are\n%s", strings.Join(got, "\n"))
	}
}
