package apiupgrade

import (
	corev1 "k8s.io/api/core/v1"
	flowcontrolv1beta3 "k8s.io/api/flowcontrol/v1beta3"
)

// Kinds that are rare in manifests and change little.

// runtimeClass of v1alpha1 had a spec. See pkg/apis/node/v1alpha1/conversion.go.
func runtimeClass(d *draft) error {
	spec := mapping(d.object, "spec")
	if spec == nil {
		return nil
	}
	move(spec, "runtimeHandler", d.object, "handler")
	move(spec, "overhead", d.object, "overhead")
	move(spec, "scheduling", d.object, "scheduling")
	if len(spec) == 0 {
		delete(d.object, "spec")
	}
	d.note("the fields of spec move to the top level")
	return nil
}

// endpointSlice has fields for what was in the topology. See
// pkg/apis/discovery/v1beta1/conversion.go.
func endpointSlice(d *draft) error {
	for _, endpoint := range mappings(d.object, "endpoints") {
		topology := mapping(endpoint, "topology")
		if topology == nil || endpoint["deprecatedTopology"] != nil {
			continue
		}
		move(topology, corev1.LabelTopologyZone, endpoint, "zone")
		if node, ok := endpoint["nodeName"].(string); ok && topology[corev1.LabelHostname] == node {
			delete(topology, corev1.LabelHostname)
		}
		delete(endpoint, "topology")
		if len(topology) > 0 {
			endpoint["deprecatedTopology"] = topology
			d.note("topology becomes deprecatedTopology: the server ignores it")
		}
	}
	return nil
}

// signingRequest needs a signer, which the old version guessed: either one
// for kubelets or one of which v1 takes no requests. The usages are those of
// pkg/apis/certificates/v1beta1/defaults.go.
func signingRequest(d *draft) error {
	spec := mapping(d.object, "spec")
	if spec == nil {
		return nil
	}
	if blank(spec, "signerName") {
		return &UnsupportedError{Remedy: "write it in certificates.k8s.io/v1 and name its signer in spec.signerName"}
	}
	d.fill(spec, "spec", "usages", []any{"digital signature", "key encipherment"})
	return nil
}

// concurrencyShares got another name. 0 meant the default. See
// pkg/apis/flowcontrol/v1beta1/defaults.go.
func concurrencyShares(d *draft) error {
	limited := mapping(d.object, "spec", "limited")
	if limited == nil || limited["nominalConcurrencyShares"] != nil {
		return nil
	}
	if unset(limited, "assuredConcurrencyShares") {
		delete(limited, "assuredConcurrencyShares")
	}
	move(limited, "assuredConcurrencyShares", limited, "nominalConcurrencyShares")
	d.fill(limited, "spec.limited", "nominalConcurrencyShares", int64(30))
	return nil
}

// zeroShares minds that 0 means the default in v1beta3, unless an annotation
// says otherwise, and 0 in v1. See pkg/apis/flowcontrol/v1beta3/defaults.go.
func zeroShares(d *draft) error {
	annotations := mapping(d.object, "metadata", "annotations")
	_, zero := annotations[flowcontrolv1beta3.PriorityLevelPreserveZeroConcurrencySharesKey]
	delete(annotations, flowcontrolv1beta3.PriorityLevelPreserveZeroConcurrencySharesKey)
	limited := mapping(d.object, "spec", "limited")
	if zero && limited != nil && limited["nominalConcurrencyShares"] == nil {
		limited["nominalConcurrencyShares"] = int64(0)
	}
	if !zero && limited != nil && unset(limited, "nominalConcurrencyShares") {
		delete(limited, "nominalConcurrencyShares")
	}
	return nil
}

// reviewedGroups got a name in the plural.
func reviewedGroups(d *draft) error {
	if spec := mapping(d.object, "spec"); spec != nil && spec["groups"] == nil {
		move(spec, "group", spec, "groups")
	}
	return nil
}

// policyBinding of v1alpha1 denies where its parameter is missing, unless told
// otherwise. See pkg/apis/admissionregistration/v1alpha1/defaults.go.
func policyBinding(d *draft) error {
	parameter := mapping(d.object, "spec", "paramRef")
	d.fill(parameter, "spec.paramRef", "parameterNotFoundAction", "Deny")
	return nil
}
