package apiupgrade

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	crdv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	kjson "sigs.k8s.io/json"
)

// definition takes a CustomResourceDefinition through the library's types,
// since nearly everything in it has moved. What cannot be read so is an error:
// what the server would say of it would be about fields that have moved.
func definition(d *draft) error {
	spec := mapping(d.object, "spec")
	if spec == nil {
		return nil
	}
	old, unknown, err := readDefinition(spec)
	if err != nil {
		return fmt.Errorf("cannot read spec as v1beta1: %w; fix it", err)
	}
	for _, field := range unknown {
		d.note("unknown field spec.%s is left out", field)
	}
	d.defaultDefinition(old)
	converted, err := convertDefinition(old)
	if err != nil {
		return fmt.Errorf("cannot read spec as v1beta1: %w; fix it", err)
	}
	d.schemas(converted, old.PreserveUnknownFields == nil || *old.PreserveUnknownFields)
	written, err := writeDefinition(converted)
	if err != nil {
		return err
	}
	// An earlier version of the CRD may be stored with true, which is
	// not to stay.
	written["preserveUnknownFields"] = false
	d.object["spec"] = written
	d.approve(converted.Group)
	return nil
}

// readDefinition returns the fields that v1beta1 does not know besides: its
// server left them out.
func readDefinition(spec map[string]any) (*crdv1beta1.CustomResourceDefinitionSpec, []string, error) {
	data, err := json.Marshal(spec)
	if err != nil {
		return nil, nil, err
	}
	old := &crdv1beta1.CustomResourceDefinitionSpec{}
	wrong, err := kjson.UnmarshalStrict(data, old)
	if err != nil {
		return nil, nil, err
	}
	var unknown []string
	for _, field := range wrong {
		unknown = append(unknown, strings.Trim(strings.TrimPrefix(field.Error(), "unknown field "), `"`))
	}
	return old, unknown, nil
}

// defaultDefinition writes the defaults that v1 does not have, of
// apiextensions/v1beta1/defaults.go.
func (d *draft) defaultDefinition(old *crdv1beta1.CustomResourceDefinitionSpec) {
	if old.Scope == "" {
		old.Scope = crdv1beta1.NamespaceScoped
		d.defaults = append(d.defaults, "spec.scope: Namespaced")
	}
	conversion := old.Conversion
	if conversion == nil {
		return
	}
	// The library has no place for a port of nothing.
	if client := conversion.WebhookClientConfig; client != nil && client.Service != nil {
		crdv1beta1.SetDefaults_ServiceReference(client.Service)
	}
	if client := conversion.WebhookClientConfig; client != nil && len(client.CABundle) > 0 && !certificates(client.CABundle) {
		client.CABundle = nil
		d.note("spec.conversion.webhookClientConfig.caBundle is left out: it contains no certificate, and v1 would not establish the CRD")
	}
	if conversion.Strategy == crdv1beta1.WebhookConverter && len(conversion.ConversionReviewVersions) == 0 {
		conversion.ConversionReviewVersions = []string{"v1beta1"}
		d.defaults = append(d.defaults, "spec.conversion.conversionReviewVersions: [v1beta1]")
	}
}

// certificates reports whether a bundle is one. Generators write a placeholder,
// which somebody else replaces later; v1beta1 did not look at it.
func certificates(bundle []byte) bool {
	found := false
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return false
		}
		found = true
	}
	return found
}

func convertDefinition(old *crdv1beta1.CustomResourceDefinitionSpec) (*crdv1.CustomResourceDefinitionSpec, error) {
	internal := &apiextensions.CustomResourceDefinitionSpec{}
	if err := crdv1beta1.Convert_v1beta1_CustomResourceDefinitionSpec_To_apiextensions_CustomResourceDefinitionSpec(old, internal, nil); err != nil {
		return nil, err
	}
	converted := &crdv1.CustomResourceDefinitionSpec{}
	if err := crdv1.Convert_apiextensions_CustomResourceDefinitionSpec_To_v1_CustomResourceDefinitionSpec(internal, converted, nil); err != nil {
		return nil, err
	}
	if len(converted.Versions) == 0 {
		return nil, errors.New("it has no version")
	}
	return converted, nil
}

// schemas gives every version a schema and printer columns that v1 accepts.
// Versions that had a schema in common share it.
func (d *draft) schemas(converted *crdv1.CustomResourceDefinitionSpec, keep bool) {
	done := map[*crdv1.CustomResourceValidation]*crdv1.CustomResourceValidation{}
	for i := range converted.Versions {
		version := &converted.Versions[i]
		old := version.Schema
		if done[old] == nil {
			done[old] = d.schema(old, keep)
		}
		version.Schema = done[old]
		version.AdditionalPrinterColumns = d.columns(version.AdditionalPrinterColumns)
	}
}

func (d *draft) schema(old *crdv1.CustomResourceValidation, keep bool) *crdv1.CustomResourceValidation {
	if old == nil || old.OpenAPIV3Schema == nil {
		d.note("a schema that allows everything is added")
		return &crdv1.CustomResourceValidation{OpenAPIV3Schema: anything()}
	}
	schema, notes := structural(old.OpenAPIV3Schema)
	for _, note := range notes {
		d.note("%s", note)
	}
	if keep {
		keepUnknown(schema)
		d.note("unknown fields are preserved, as before")
	}
	return &crdv1.CustomResourceValidation{OpenAPIV3Schema: schema}
}

func writeDefinition(converted *crdv1.CustomResourceDefinitionSpec) (map[string]any, error) {
	data, err := json.Marshal(converted)
	if err != nil {
		return nil, err
	}
	var written map[string]any
	return written, kjson.UnmarshalCaseSensitivePreserveInts(data, &written)
}

// approve says of a group that belongs to Kubernetes that nobody approved of
// the CRD: v1 asks for it. Such groups are those of
// apiextensions/pkg/apihelpers.
func (d *draft) approve(group string) {
	owned := false
	for _, domain := range []string{"k8s.io", "kubernetes.io"} {
		owned = owned || group == domain || strings.HasSuffix(group, "."+domain)
	}
	metadata := made(d.object, "metadata")
	if !owned || metadata == nil {
		return
	}
	annotations := made(metadata, "annotations")
	if annotations != nil && blank(annotations, crdv1.KubeAPIApprovedAnnotation) {
		annotations[crdv1.KubeAPIApprovedAnnotation] = "unapproved, written for v1beta1, which did not ask"
		d.note("the annotation %s marks the API as unapproved", crdv1.KubeAPIApprovedAnnotation)
	}
}
