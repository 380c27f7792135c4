package apiupgrade

import "k8s.io/apimachinery/pkg/runtime/schema"

const rbacGroup = "rbac.authorization.k8s.io"

// alphaBinding is a RoleBinding or ClusterRoleBinding of v1alpha1, whose
// subjects name a version, and where the user * is whoever has logged in. See
// pkg/apis/rbac/v1alpha1/conversion.go.
func alphaBinding(d *draft) error {
	for _, subject := range mappings(d.object, "subjects") {
		version, ok := subject["apiVersion"].(string)
		if !ok && subject["apiVersion"] != nil {
			continue
		}
		switch delete(subject, "apiVersion"); subject["kind"] {
		case "ServiceAccount":
			// which is in the core group
		case "User", "Group":
			subject["apiGroup"] = rbacGroup
		default:
			if group, err := schema.ParseGroupVersion(version); err == nil && group.Group != "" {
				subject["apiGroup"] = group.Group
			}
		}
		if subject["kind"] == "User" && subject["name"] == "*" {
			subject["kind"], subject["name"] = "Group", "system:authenticated"
			d.note("the subject User * becomes the Group system:authenticated")
		}
	}
	return nil
}
