package cmd

import (
	"bytes"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/rbac"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/pasted"
)

// TestAccessPasted has a manifest name its namespaces so that a shell would run
// them, in the commands that bind the roles.
func TestAccessPasted(t *testing.T) {
	for _, name := range pasted.Names {
		role, clusterRole := &rbacv1.Role{}, &rbacv1.ClusterRole{}
		role.APIVersion, role.Kind, role.Namespace = "rbac.authorization.k8s.io/v1", "Role", name
		clusterRole.APIVersion, clusterRole.Kind = "rbac.authorization.k8s.io/v1", "ClusterRole"
		var out bytes.Buffer
		if err := printAccess(rbac.RoleSet{ClusterRole: clusterRole, Roles: []*rbacv1.Role{role}}, &out); err != nil {
			t.Fatal(err)
		}
		commands := 0
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "#   ") {
				commands++
				pasted.Check(t, name, strings.TrimPrefix(line, "#   "))
			}
		}
		if commands != 2 {
			t.Errorf("there are %d commands in\n%s", commands, &out)
		}
	}
}
