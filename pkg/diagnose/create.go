package diagnose

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/untyped"
)

// failedCreate is the reason of controllers that cannot create a pod.
const failedCreate = "FailedCreate"

var (
	// refusal is what controllers and the API server put in front.
	refusal = regexp.MustCompile(`^(?:Error creating: |.*? failed error: |Internal error occurred: |(?:pods|persistentvolumeclaims) "[^"]*" is forbidden: )`)
	// quota names the ResourceQuota.
	quota = regexp.MustCompile(`^(exceeded|failed) quota: ([a-z0-9.-]+)`)
	// webhook names the webhook, where it should be, and what happened.
	webhook = regexp.MustCompile(`^failed calling webhook "([^"]+)": (?:failed to call webhook: )?(?:(?:Post|Get) "https?://([^/"]+)[^"]*": )?(.*)$`)
	// service is the address of one.
	service = regexp.MustCompile(`^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(?:\.[a-z0-9.-]+)?(?::\d+)?$`)
	denial  = regexp.MustCompile(`^admission webhook "([^"]+)" denied the request`)
	pss     = regexp.MustCompile(`^violates PodSecurity "([a-z]+):`)
	account = regexp.MustCompile(`serviceaccount "([^"]+)" not found`)
)

// creation tells why a controller cannot create the pods: a quota, an
// admission webhook, or a policy.
func (e *Evidence) creation() []symptom {
	message, failed := e.failure()
	if !failed {
		return nil
	}
	found := e.refused(cut(clean(combined(message), maxRead), refusal))
	found.kind, found.Reason = createKind, failedCreate
	if found.Next == "" {
		found.Next = e.kubectl("describe {} {}", strings.ToLower(e.Workload.GetKind()), e.Workload.GetName())
	}
	return []symptom{found}
}

// failure finds the words of the controller in a condition, or in an event if
// the controller has no such condition.
func (e *Evidence) failure() (message string, failed bool) {
	if condition, refused := untyped.TrueCondition(e.Workload, "ReplicaFailure"); refused && !e.watched {
		message, _ = condition["message"].(string)
		return message, true
	}
	wanted, known := wanted(e.Workload)
	complete := known && !e.watched && int64(len(e.Pods)) >= wanted
	failures := e.failures()
	if len(failures) == 0 || complete {
		return "", false
	}
	last := &failures[len(failures)-1]
	over := slices.ContainsFunc(e.Pods, func(pod corev1.Pod) bool { return pod.CreationTimestamp.After(happened(last)) })
	return last.Message, !over
}

// failures returns the events of pods that could not be created, the last one
// last.
func (e *Evidence) failures() []corev1.Event {
	var found []corev1.Event
	for i := range e.Events {
		if e.Events[i].Reason == failedCreate && e.isOwn(&e.Events[i].InvolvedObject) {
			found = append(found, e.Events[i])
		}
	}
	sortByTime(found)
	return found
}

// isOwn reports whether an event is about the workload, or about a ReplicaSet
// that a Deployment has made.
func (e *Evidence) isOwn(about *corev1.ObjectReference) bool {
	kind, name := e.Workload.GetKind(), e.Workload.GetName()
	if kind == "Deployment" && about.Kind == "ReplicaSet" {
		return isReplicaSetOf(name, about.Name)
	}
	return about.Kind == kind && about.Name == name
}

// isReplicaSetOf knows how a Deployment names its ReplicaSets.
func isReplicaSetOf(deployment, name string) bool {
	hash, found := strings.CutPrefix(name, deployment+"-")
	return found && !strings.Contains(hash, "-")
}

// wanted returns the number of pods of a workload that says it.
func wanted(workload *unstructured.Unstructured) (int64, bool) {
	switch workload.GetKind() {
	case "Deployment", "ReplicaSet", "StatefulSet":
		if replicas, found, err := unstructured.NestedInt64(workload.Object, "spec", "replicas"); found || err != nil {
			return replicas, err == nil
		}
		return 1, true
	case "DaemonSet":
		pods, found, err := unstructured.NestedInt64(workload.Object, "status", "desiredNumberScheduled")
		return pods, found && err == nil
	}
	return 0, false
}

// refused explains the API server's answer.
func (e *Evidence) refused(message string) symptom {
	found := symptom{Finding: Finding{Message: message}}
	if called := webhook.FindStringSubmatch(message); called != nil {
		return e.unreachable(called[1], called[2], called[3])
	}
	next, grace := "", missingGrace
	if limited := quota.FindStringSubmatch(message); limited != nil {
		next = "raise the quota, or free resources: " + e.kubectl("describe resourcequota {}", limited[2])
		if limited[1] == "failed" {
			next = "set the requests and limits that the quota requires: " + e.kubectl("describe resourcequota {}", limited[2])
		}
	} else if policy := pss.FindStringSubmatch(message); policy != nil {
		next = fmt.Sprintf("relax the Pod Security level %q of the namespace: %s", policy[1],
			shell.Line("kubectl label namespace {} pod-security.kubernetes.io/enforce=privileged --overwrite", e.Workload.GetNamespace()))
	} else if denied := denial.FindStringSubmatch(message); denied != nil {
		next = fmt.Sprintf("comply with the policy of webhook %s", denied[1])
	} else if lacking := account.FindStringSubmatch(message); lacking != nil {
		next = "create the ServiceAccount: " + e.kubectl("get serviceaccount {}", lacking[1])
	} else if containsAny(message, " usage per ") {
		next = "change the requests and limits: " + e.kubectl("describe limitrange")
	} else if !containsAny(message, "forbidden", "is invalid", "no priorityclass") {
		grace = 0 // a server that is busy, or a namespace that goes
	}
	found.Next, found.Grace = next, grace
	return found
}

// unreachable explains a webhook that the API server cannot call.
func (e *Evidence) unreachable(name, address, cause string) symptom {
	found := symptom{Finding: Finding{Grace: missingGrace}}
	where := ""
	if address != "" {
		where = fmt.Sprintf(" (%s)", address)
	}
	found.Message = fmt.Sprintf("webhook %s%s is unreachable: %s", name, where, cause)
	at := service.FindStringSubmatch(address)
	if at == nil {
		found.Next = configurations("check the webhook")
		return found
	}
	found.server = at[2]
	ofIstiod := strings.HasPrefix(at[1], "istiod")
	if ofIstiod && containsAny(cause, "no endpoints", "connection refused") {
		found.Cause = causeIstiod
	}
	switch {
	case containsAny(cause, "service \"") && containsAny(cause, "not found"):
		found.Next = configurations("its service is gone; delete the webhook configuration")
	case containsAny(cause, "x509", "certificate"):
		found.Next = configurations("its caBundle does not match its certificate; fix it")
	case containsAny(cause, "no endpoints", "no service port"):
		found.Next = "none of its pods is ready: kubectl get pods,services" + shell.In(at[2])
	case ofIstiod && strings.HasSuffix(cause, "connection refused"):
		// A firewall would let it wait; nodes refuse for a Service without pods.
		found.Next = "istiod does not answer; check its pods: kubectl get pods" + shell.In(at[2]) + " -l app=istiod"
	case ofIstiod:
		found.Next = "the API server cannot reach port 15017 of istiod: open it in the firewall"
	default:
		found.Next = fmt.Sprintf("the API server must reach the pods of service %s: ", at[1]) + "kubectl get pods,services" + shell.In(at[2])
	}
	return found
}

func configurations(advice string) string {
	return advice + ": kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations"
}
