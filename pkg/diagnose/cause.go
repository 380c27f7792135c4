package diagnose

import (
	"cmp"
	"regexp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The causes that many pods can share.
const (
	causeDNS    = "cluster DNS"
	causeServer = "the API server"
	causeIstiod = "istiod"
)

// unreached ends what Go says of an address that it cannot reach.
const unreached = `(connection refused|i/o timeout|no route to host|network is unreachable)`

// causes are what programs write when what they need is not there. Whatever else
// they say follows from it.
var causes = []struct {
	name, message, next string
	says                *regexp.Regexp
}{
	{
		causeDNS, "cluster DNS does not answer", "check cluster DNS: kubectl get pods -n kube-system -l k8s-app=kube-dns",
		regexp.MustCompile(`(lookup [^\s"]+(?: on [^\s"]+)?:) (?:\w+ udp \S+ )?(?:\w+: )*` + unreached),
	},
	{
		causeDNS, "cluster DNS does not know a service", "check that the service exists, and cluster DNS: kubectl get pods -n kube-system -l k8s-app=kube-dns",
		regexp.MustCompile(`(lookup [^\s"]+\.svc[^\s"]*(?: on [^\s"]+)?:) (no such host|server misbehaving)`),
	},
	{
		causeServer, "the pod cannot reach the API server", "check kube-proxy and the network plugin (CNI): kubectl get pods -n kube-system -o wide",
		regexp.MustCompile(`https://[^/\s"\\]+/(?:apis?|version|livez|readyz|healthz|openapi)\b[^\s"\\]*\\?": (dial tcp [^\s"]+:) (?:\w+: )*` + unreached),
	},
	{
		// istiod says no more than that when nothing answers it.
		causeServer, "istiod gets no objects from the API server", "check kube-proxy and the network plugin (CNI): kubectl get pods -n kube-system -o wide",
		regexp.MustCompile(`(waiting for sync)\.\.\.\s+name=(\S+)`),
	},
	{
		causeIstiod, "the proxy cannot reach istiod", "check why istiod is not ready, and whether pods can reach it",
		regexp.MustCompile(`(dial tcp [^\s"]+:1501[02]:) (?:\w+: )*` + unreached),
	},
}

// causeIn finds the cause in a log, and says in the finding what to do about it.
// The last line that tells counts: what was written before may be over.
func causeIn(log string, f *Finding) (message string, found bool) {
	last := -1
	for _, cause := range causes {
		all := cause.says.FindAllStringSubmatchIndex(tail(log), -1)
		if len(all) == 0 || all[len(all)-1][0] <= last {
			continue
		}
		at := all[len(all)-1]
		part := func(n int) string { return tail(log)[at[2*n]:at[2*n+1]] }
		last, found = at[0], true
		message = cause.message + ": " + part(1) + " " + part(2)
		f.Cause, f.Next = cause.name, cause.next
	}
	return message, found
}

// byLog explains a container that runs and does not get ready by its own log.
func (e *Evidence) byLog(pod *corev1.Pod, found symptom) symptom {
	log := e.Logs[LogKey{pod.Name, found.log}]
	found.Logs = complaints(log)
	if message, is := causeIn(log, &found.Finding); is {
		found.Message = message
	}
	if found.Logs != nil || found.Cause != "" {
		found.Container = found.log
	}
	return found
}

// Relate shortens the findings of workloads that wait for what another one's
// findings explain, and returns the indices of the workloads, those that explain
// first.
func Relate(workloads []*unstructured.Unstructured, findings [][]Finding) []int {
	order := make([]int, len(workloads))
	explained := map[string]bool{}
	for i, workload := range workloads {
		order[i] = i
		explained[causeIstiod] = explained[causeIstiod] || isIstiod(workload)
	}
	// istiod waits for what everything else waits for, too.
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank(!isIstiod(workloads[a])), rank(!isIstiod(workloads[b]))) })
	waits := make([]int, len(workloads))
	for _, i := range order {
		for n := range findings[i] {
			f := &findings[i][n]
			switch {
			case f.Cause == "" || f.Cause == causeIstiod && isIstiod(workloads[i]):
			case explained[f.Cause]:
				f.Message, f.Logs, f.Event, f.Next = "waits for "+f.Cause, nil, "", ""
				waits[i] = rank(n == 0)
			default:
				explained[f.Cause] = true
			}
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(waits[a], waits[b]) })
	return order
}

func rank(later bool) int {
	if later {
		return 1
	}
	return 0
}

// isIstiod knows it by the label that all of its releases have.
func isIstiod(workload *unstructured.Unstructured) bool {
	return workload.GetLabels()["istio"] == "pilot"
}
