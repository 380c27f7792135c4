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
			[]string{"warn: there is no room for the pod of deployment mesh/a (cpu 1 and memory 1Gi); node x comes closest and lacks cpu 500m"}},
		{"memory", []Workload{workload("a", 1, "500m", "3Gi")}, []corev1.Node{small}, nil,
			[]string{"warn: there is no room for the pod of deployment mesh/a (cpu 500m and memory 3Gi); node y comes closest and lacks memory 1Gi"}},
		{"places", []Workload{workload("a", 11, "", "")}, []corev1.Node{big}, nil,
			[]string{"warn: there is no room for 1 of 11 pods of deployment mesh/a (a place for a pod); node x comes closest and lacks a place for a pod"}},
		// In the order of the manifest, the small ones would fill the large node.
		{"the largest first", []Workload{workload("a", 1, "1", ""), workload("b", 1, "4", "")}, []corev1.Node{big, small}, nil, []string{room}},
		{"some of them", []Workload{workload("a", 6, "1", "1Gi")}, []corev1.Node{big, small}, nil,
			[]string{"warn: there is no room for 1 of 6 pods of deployment mesh/a (cpu 1 and memory 1Gi); node x comes closest and lacks cpu 1"}},
		{"no node", []Workload{workload("a", 1, "1", "")}, nil, nil,
			[]string{"warn: no ready node takes the pods of deployment mesh/a, as far as taints, nodeSelector and node affinity go"}},
		{"no node that would take them", []Workload{workload("a", 1, "1", ""), workload("b", 1, "1", "")},
			[]corev1.Node{node("x", "amd64", "4", "8Gi", tainted("gpu", corev1.TaintEffectNoSchedule)), node("y", "amd64", "4", "8Gi", unready), node("z", "amd64", "4", "8Gi", cordoned)}, nil,
			[]string{"warn: no ready node takes the pods of deployment mesh/a, deployment mesh/b, as far as taints, nodeSelector and node affinity go"}},
		{"a selected node that is full", []Workload{workload("a", 1, "2", "", selecting("kubernetes.io/arch", "arm64"))},
			[]corev1.Node{big, node("z", "arm64", "1", "8Gi")}, nil,
			[]string{"warn: there is no room for the pod of deployment mesh/a (cpu 2); node z comes closest and lacks cpu 1"}},
		{"on each node", []Workload{daemon}, []corev1.Node{big, small}, nil, []string{room}},
		{"on each node but one", []Workload{workload("a", 1, "1", ""), daemon}, []corev1.Node{big, small}, []corev1.Pod{pod("y", "500m", "")},
			[]string{"warn: there is no room for 1 of the pods of daemonset mesh/agent (cpu 1); node y comes closest and lacks cpu 500m"}},
		{"two workloads", []Workload{workload("a", 1, "5", ""), workload("b", 1, "6", ""), workload("c", 1, "1", "")}, []corev1.Node{big}, nil, []string{
			"warn: there is no room for the pod of deployment mesh/b (cpu 6); node x comes closest and lacks cpu 2",
			"warn: there is no room for the pod of deployment mesh/a (cpu 5); node x comes closest and lacks cpu 1",
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
		"/api/v1/nodes": "pass: it cannot be told, because you may not list nodes",
		"/api/v1/pods":  "pass: it cannot be told, because you may not list pods",
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
	want := "pass: it cannot be told, because there are more than 10000 pods"
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
	}
	if !slices.Equal(server.requests, want) {
		t.Errorf("the requests are %q", server.requests)
	}
}
