package diagnose

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// claimPending is the reason of a pod, or a claim, without its volume.
const claimPending = "ClaimPending"

// claimOf finds the claim that keeps the scheduler from placing a pod. Claims
// that only wait for the pod do not.
func (e *Evidence) claimOf(pod *corev1.Pod, message string) (symptom, bool) {
	if !containsAny(message, "unbound immediate persistentvolumeclaims") {
		return symptom{}, false
	}
	for _, name := range claimsOf(pod) {
		for i := range e.Claims {
			if claim := &e.Claims[i]; claim.Name == name && claim.Status.Phase == corev1.ClaimPending {
				found := e.claim(claim)
				found.Message = fmt.Sprintf("persistentvolumeclaim %q: %s", claim.Name, found.Message)
				return found, true
			}
		}
	}
	return symptom{}, false
}

// claimsOf names the claims of a pod.
func claimsOf(pod *corev1.Pod) []string {
	var names []string
	for _, volume := range pod.Spec.Volumes {
		switch {
		case volume.PersistentVolumeClaim != nil:
			names = append(names, volume.PersistentVolumeClaim.ClaimName)
		case volume.Ephemeral != nil:
			names = append(names, pod.Name+"-"+volume.Name)
		}
	}
	return names
}

// ownClaim explains a claim that stands alone.
func (e *Evidence) ownClaim() []symptom {
	if e.Workload.GetKind() != "PersistentVolumeClaim" {
		return nil
	}
	var claim corev1.PersistentVolumeClaim
	err := runtime.DefaultUnstructuredConverter.FromUnstructured(e.Workload.Object, &claim)
	if err != nil || claim.Status.Phase != corev1.ClaimPending {
		return nil
	}
	return []symptom{e.claim(&claim)}
}

// claim explains why a claim has no volume.
func (e *Evidence) claim(claim *corev1.PersistentVolumeClaim) symptom {
	found := symptom{kind: placeKind, same: claim.Name, Finding: Finding{Reason: claimPending}}
	why := "waiting for a volume"
	found.Next = e.kubectl("describe persistentvolumeclaim {}", claim.Name)
	class := claim.Spec.StorageClassName
	if class == nil || *class == "" {
		why = "no matching volume, and no storage class set"
		found.Grace = missingGrace
		found.Next = "set the claim's storageClassName, or a default class: kubectl get storageclasses"
	} else {
		why += fmt.Sprintf(" of class %q", *class)
	}
	for _, event := range e.warnings("PersistentVolumeClaim", claim.Name, claim.UID) {
		why, found.Grace = combined(event.Message), missingGrace
		if containsAny(event.Message, "storageclass") && containsAny(event.Message, "not found") {
			found.Next = "create the storage class, or set another in the claim: kubectl get storageclasses"
		}
	}
	found.Message = why
	return found
}
