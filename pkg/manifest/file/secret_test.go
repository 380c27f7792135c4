package file

import (
	"fmt"
	"strings"
	"testing"
)

// TestKustomizeKeepsSecrets has kustomize fail at what holds a password.
func TestKustomizeKeepsSecrets(t *testing.T) {
	const secret = "hunter2-424242"
	object := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: " + secret + "}\n"
	for name, files := range map[string]map[string]string{
		"literal without a key":   {"kustomization.yaml": "secretGenerator: [{name: s, literals: [password=" + secret + ", " + secret + "]}]\n"},
		"literal with no name":    {"kustomization.yaml": "secretGenerator: [{literals: [password=" + secret + "]}]\n"},
		"key that comes twice":    {"kustomization.yaml": "secretGenerator: [{name: s, literals: [password=" + secret + ", password=" + secret + "]}]\n"},
		"literal of another type": {"kustomization.yaml": "secretGenerator: [{name: s, literals: [{password: " + secret + "}]}]\n"},
		"environment":             {"kustomization.yaml": "secretGenerator: [{name: s, envs: [env]}]\n", "env": "a=b\npassword=" + secret + "\xff\n"},
		"patch without a target":  {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatches: [{patch: %q}]\n", "[{op: add, path: /stringData/password, value: "+secret+"}]")},
		"patch that is none":      {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatches: [{patch: %q}]\n", "password: [ "+secret+"\n")},
		"old patch that is none":  {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatchesJson6902: [{patch: %q, target: {kind: Secret, name: s}}]\n", "password: [ "+secret+"\n")},
		"patch of nothing":        {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatchesStrategicMerge: [%q]\n", object)},
		"patch and path":          {"kustomization.yaml": fmt.Sprintf("resources: [a.yaml]\npatches: [{path: a.yaml, patch: %q}]\n", object)},
		"generator":               {"kustomization.yaml": fmt.Sprintf("generators: [%q]\n", "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: s}\nliterals: ["+secret+"]\n")},
		"generator's file":        {"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: s}\nliterals: [" + secret + "]\n"},
		"resource":                {"kustomization.yaml": "resources: [s.yaml]\n", "s.yaml": object + "x: !!float " + secret + "\n"},
		"resource's alias":        {"kustomization.yaml": "resources: [s.yaml]\n", "s.yaml": object + "x: *" + secret + "\n"},
		"resource without name":   {"kustomization.yaml": "resources: [s.yaml]\n", "s.yaml": strings.Replace(object, "name: s", "", 1)},
		"resource twice":          {"kustomization.yaml": "resources: [s.yaml, t.yaml]\n", "s.yaml": object, "t.yaml": object},
		"kustomization":           {"kustomization.yaml": "namePrefix: !!float " + secret + "\nresources: [a.yaml]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			files["a.yaml"] = configMap("a")
			_, err := Read(t.Context(), Options{Kustomize: folder(t, files)})
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("the error is %v", err)
			}
		})
	}
}
