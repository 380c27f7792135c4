package snapshot

import (
	"encoding/json"
	"testing"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// Versions gives the resource versions of the members of inventories.
func Versions(t *testing.T, u *user.User) map[string]string {
	t.Helper()
	kinds := "namespaces,customresourcedefinitions,serviceaccounts,configmaps,services,deployments,clusterroles,clusterrolebindings,roles,rolebindings,horizontalpodautoscalers,poddisruptionbudgets,mutatingwebhookconfigurations,validatingwebhookconfigurations"
	var list struct {
		Items []struct {
			Kind     string
			Metadata struct{ Namespace, Name, ResourceVersion string }
		}
	}
	out := u.Must(t, "kubectl", "get", kinds, "-A", "-l", "applyset.kubernetes.io/part-of", "-o", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, item := range list.Items {
		found[item.Kind+" "+item.Metadata.Namespace+"/"+item.Metadata.Name] = item.Metadata.ResourceVersion
	}
	return found
}
