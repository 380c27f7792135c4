package preflight

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
)

func TestCapacity(t *testing.T) {
	const room = "pass: the nodes have room for the pods"
	daemon := workload("agent", 0, "1", "")
	daemon.What, daemon.EachNode = "daemonset mesh/agent", true
	big := node("x", "amd64", "4", "8Gi")
	small := node("y", "amd64", "1", "2Gi")
	for _, test := range []struct {
		name      string
		workloads []Workload
		nodes     []corev1.Node
		pods      []corev1.Pod
		want      []string
	}{
		{"no pods", nil, nil, nil, []string{"pass: the manifest adds no pods"}},
		{"scaled to nothing", []Workload{workload("a", 0, "100", "")}, nil, nil, []string{"pass: the manifest adds no pods"}},
		{"room", []Workload{workload("a", 2, "1", "1Gi")}, []corev1.Node{big}, nil, []string{room}},
		{"no requests", []Workload{workload("a", 1, "", "")}, []corev1.Node{big}, []corev1.Pod{pod("x", "9", "9Gi")}, []string{room}},
		{"taken by others", []Workload{workload("a", 1, "1", "1Gi")}, []corev1.Node{big}, []corev1.Pod{pod("x", "3500m", "1Gi"), pod("", "9", "9Gi")},
			[]string{"warn: no node has room for a pod of deployment mesh/a: it requests cpu 1, memory 1Gi, pods 1, and a node has at most about cpu 500m, memory 7Gi, pods 9 free"}},
		{"memory", []Workload{workload("a", 1, "500m", "3Gi")}, []corev1.Node{small}, nil,
			[]string{"warn: no node has room for a pod of deployment mesh/a: it requests cpu 500m, memory 3Gi, pods 1, and a node has at most about cpu 1, memory 2Gi, pods 10 free"}},
		{"places", []Workload{workload("a", 11, "", "")}, []corev1.Node{big}, nil,
			[]string{"warn: the nodes have no room for all pods: cpu 0, memory 0, pods 11 requested in total, about cpu 4, memory 8Gi, pods 10 free"}},
		{"in total", []Workload{workload("a", 1, "1", ""), workload("b", 1, "4", "")}, []corev1.Node{big, small}, nil, []string{room}},
		{"some of them", []Workload{workload("a", 6, "1", "1Gi")}, []corev1.Node{big, small}, nil,
			[]string{"warn: the nodes have no room for all pods: cpu 6, memory 6Gi, pods 6 requested in total, about cpu 5, memory 10Gi, pods 20 free"}},
		{"no node", []Workload{workload("a", 1, "1", "")}, nil, nil,
			[]string{"warn: no ready node accepts the pods of deployment mesh/a (taints, nodeSelector, node affinity)"}},
		{"no node that would take them", []Workload{workload("a", 1, "1", ""), workload("b", 1, "1", "")},
			[]corev1.Node{node("x", "amd64", "4", "8Gi", tainted("gpu", corev1.TaintEffectNoSchedule)), node("y", "amd64", "4", "8Gi", unready), node("z", "amd64", "4", "8Gi", cordoned)}, nil,
			[]string{"warn: no ready node accepts the pods of deployment mesh/a, deployment mesh/b (taints, nodeSelector, node affinity)"}},
		{"a selected node that is full", []Workload{workload("a", 1, "2", "", selecting("kubernetes.io/arch", "arm64"))},
			[]corev1.Node{big, node("z", "arm64", "1", "8Gi")}, nil,
			[]string{"warn: no node has room for a pod of deployment mesh/a: it requests cpu 2, memory 0, pods 1, and a node has at most about cpu 1, memory 8Gi, pods 10 free"}},
		{"on each node", []Workload{daemon}, []corev1.Node{big, small}, nil, []string{room}},
		{"on each node but one", []Workload{workload("a", 1, "1", ""), daemon}, []corev1.Node{big, small}, []corev1.Pod{pod("y", "500m", "")},
			[]string{"warn: node y lacks room for a pod of daemonset mesh/agent: it requests cpu 1, memory 0, pods 1, and a node has at most about cpu 500m, memory 2Gi, pods 9 free"}},
		{"two workloads", []Workload{workload("a", 1, "5", ""), workload("b", 1, "6", ""), workload("c", 1, "1", "")}, []corev1.Node{big}, nil, []string{
			"warn: no node has room for a pod of deployment mesh/a: it requests cpu 5, memory 0, pods 1, and a node has at most about cpu 4, memory 8Gi, pods 10 free",
			"warn: no node has room for a pod of deployment mesh/b: it requests cpu 6, memory 0, pods 1, and a node has at most about cpu 4, memory 8Gi, pods 10 free",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &apiServer{answers: map[string]any{
				"/api/v1/nodes": nodes(test.nodes...),
				"/api/v1/pods":  corev1.PodList{Items: test.pods},
			}}
			subject := server.subject(t)
			subject.Workloads = test.workloads
			got := verdicts(only(t, "capacity", subject))
			if !slices.Equal(got, test.want) {
				t.Errorf("the results are\n%s", strings.Join(got, "\n"))
			}
			if quiet := got[0] == "pass: the manifest adds no pods"; quiet != (len(server.requests) == 0) {
				t.Errorf("the requests are %q", server.requests)
			}
		})
	}
}

// TestSurge warns of each workload of which no node has room for another pod, and
// of nothing else: what must wait for another update to end comes all the same.
func TestSurge(t *testing.T) {
	big := node("x", "amd64", "4", "8Gi")
	for _, test := range []struct {
		name      string
		workloads []Workload
		nodes     any
		want      []string
	}{
		{"room for one after the other", []Workload{workload("a", 3, "3", ""), workload("b", 3, "3", "")}, nodes(big), nil},
		{"no room", []Workload{workload("a", 1, "1", ""), workload("b", 1, "5", "")}, nodes(big),
			[]string{"warn: no node has room for a pod of deployment mesh/b: it requests cpu 5, memory 0, pods 1, and a node has at most about cpu 4, memory 8Gi, pods 10 free"}},
		{"hidden", []Workload{workload("a", 1, "5", "")}, http.StatusForbidden, nil},
	} {
		subject := (&apiServer{answers: map[string]any{"/api/v1/nodes": test.nodes}}).subject(t)
		results, err := Surge(t.Context(), subject, test.workloads)
		if got := verdicts(results); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, %q", test.name, err, got)
		}
	}
}

// TestCapacityOfExisting leaves out what has its room already. Where nothing was
// installed before, what is taken is read meanwhile.
func TestCapacityOfExisting(t *testing.T) {
	for fresh, want := range map[bool][]string{false: nil, true: {"GET /api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500"}} {
		server := &apiServer{}
		subject := server.subject(t)
		subject.Workloads, subject.Fresh = []Workload{workload("here", 3, "100", "")}, fresh
		subject.Added = func() Added { return Added{} }
		if got := verdicts(only(t, "capacity", subject)); !slices.Equal(got, []string{"pass: the manifest adds no pods"}) {
			t.Errorf("the results are %q", got)
		}
		if !slices.Equal(server.requests, want) {
			t.Errorf("the requests are %q", server.requests)
		}
	}
}

// TestCapacityUnseen passes where the user may not look, and reads only pods
// that hold something, a page at a time.
func TestCapacityUnseen(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/nodes": "unknown: not checked: no permission to list nodes",
		"/api/v1/pods":  "unknown: not checked: no permission to list pods",
	} {
		server := &apiServer{answers: map[string]any{path: http.StatusForbidden}}
		subject := server.subject(t)
		subject.Workloads = []Workload{workload("a", 1, "1", "")}
		if got := verdicts(only(t, "capacity", subject)); !slices.Equal(got, []string{want}) {
			t.Errorf("without %s the results are %q", path, got)
		}
		last := server.requests[len(server.requests)-1]
		if path == "/api/v1/pods" && last != "GET /api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500" {
			t.Errorf("the request is %s", last)
		}
	}
}

// TestCapacityOfManyPods gives up where reading all pods would take long.
func TestCapacityOfManyPods(t *testing.T) {
	subject := (&apiServer{answers: map[string]any{"/api/v1/pods": corev1.PodList{Items: make([]corev1.Pod, mostPods+1)}}}).subject(t)
	subject.Workloads = []Workload{workload("a", 1, "1", "")}
	want := "unknown: not checked: more than 10000 pods"
	if got := verdicts(only(t, "capacity", subject)); !slices.Equal(got, []string{want}) {
		t.Errorf("the results are %q", got)
	}
}

func TestCapacityUnanswered(t *testing.T) {
	subject := (&apiServer{answers: map[string]any{"/api/v1/nodes": http.StatusInternalServerError}}).subject(t)
	subject.Workloads = []Workload{workload("a", 1, "1", "")}
	results, err := Run(t.Context(), subject)
	if err == nil || results != nil || err.Error() != "cannot list nodes: the server said no" {
		t.Errorf("the results are %+v, the error %v", results, err)
	}
}

// TestNodesAreReadOnce shares them among the checks.
func TestNodesAreReadOnce(t *testing.T) {
	server := &apiServer{answers: map[string]any{"/api/v1/nodes": nodes(node("x", "amd64", "4", "8Gi"))}}
	subject := server.subject(t)
	subject.Workloads, subject.Architectures = []Workload{workload("a", 1, "1", "")}, []string{"amd64"}
	subject.LoadBalancers = []LoadBalancer{{"mesh", "gateway"}}
	if _, err := Run(t.Context(), subject); err != nil {
		t.Fatal(err)
	}
	slices.Sort(server.requests)
	want := []string{
		"GET /api/v1/nodes?limit=500",
		"GET /api/v1/pods?fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&limit=500",
		"GET /api/v1/services?limit=500",
		"GET /apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices?labelSelector=k8s-app+in+%28kube-dns%2Ccoredns%29",
	}
	if !slices.Equal(server.requests, want) {
		t.Errorf("the requests are %q", server.requests)
	}
}
