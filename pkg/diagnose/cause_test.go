package diagnose

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// What istiod 1.31 and its proxies write where something that they need is gone.
const (
	noDNS = "2026-11-30T02:00:00.000000Z\twarning\tenvoy config external/envoy/source/grpc_stream.h:226\tStreamAggregatedResources gRPC config stream to xds-grpc closed: 14, " +
		"connection error: desc = \"transport: Error while dialing: dial tcp: lookup istiod.istio-system.svc on 10.96.0.10:53: read udp 10.244.0.6:38747->10.96.0.10:53: read: connection refused\"\tthread=17"
	noServer = "2026-11-30T02:00:01.000000Z\terror\tklog\tfailed to list *v1.Pod: Get \"https://10.96.0.1:443/api/v1/pods?limit=500\": dial tcp 10.96.0.1:443: i/o timeout"
	noIstiod = "2026-11-30T02:00:02.000000Z\twarn\tca\tca request failed: rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial tcp 10.96.7.8:15012: connect: connection refused\""
	notReady = "2026-11-30T02:00:03.000000Z\twarn\tEnvoy proxy is NOT ready: config not received from XDS server (is Istiod running?): cds updates: 0 successful, 0 rejected"
	syncs    = "2026-11-30T02:00:03.500000Z\tinfo\twaiting for sync...\tname=ConfigMap_istio attempt=500 time=49.671324093s"
	probed   = "2026-11-30T02:00:03.600000Z\twarn\tsidecar injector is not ready"
	informs  = "2026-11-30T02:00:04.000000Z\tinfo\tno error so far"
)

func TestCauses(t *testing.T) {
	const dns = "check cluster DNS: kubectl get pods -n kube-system -l k8s-app=kube-dns"
	for _, test := range []struct{ name, log, message, cause, next string }{
		{"nothing", "", "", "", ""},
		{"something else", informs + "\n" + notReady, "", "", ""},
		{"DNS", noDNS, "cluster DNS does not answer: lookup istiod.istio-system.svc on 10.96.0.10:53: connection refused", causeDNS, dns},
		{"DNS that is slow", "error lookup prometheus.mesh on [fd00::a]:53: read udp [fd00::5]:1->[fd00::a]:53: i/o timeout", "cluster DNS does not answer: lookup prometheus.mesh on [fd00::a]:53: i/o timeout", causeDNS, dns},
		{"DNS of others", "dial tcp: lookup istiod.mesh.svc: no such host", "cluster DNS does not know a service: lookup istiod.mesh.svc: no such host", causeDNS, ""},
		{"a name outside", "dial tcp: lookup example.com on 10.96.0.10:53: no such host", "", "", ""},
		{"the API server", noServer, "the pod cannot reach the API server: dial tcp 10.96.0.1:443: i/o timeout", causeServer, "check kube-proxy and the network plugin (CNI): kubectl get pods -n kube-system -o wide"},
		{"the API server, in quotes", `{"msg":"Get \"https://10.96.0.1:443/apis/apps/v1\": dial tcp 10.96.0.1:443: connect: connection refused"}`,
			"the pod cannot reach the API server: dial tcp 10.96.0.1:443: connection refused", causeServer, ""},
		{"the API server, for istiod", syncs + "\n" + probed, "istiod gets no objects from the API server: waiting for sync ConfigMap_istio", causeServer, ""},
		{"another server", `Get "https://192.0.2.1/oauth": dial tcp 192.0.2.1:443: i/o timeout`, "", "", ""},
		{"istiod", noIstiod, "the proxy cannot reach istiod: dial tcp 10.96.7.8:15012: connection refused", causeIstiod, ""},
		{"the last one", noIstiod + "\n" + noDNS + "\n" + notReady, "cluster DNS does not answer: lookup istiod.istio-system.svc on 10.96.0.10:53: connection refused", causeDNS, dns},
		{"the last one, of another kind", noDNS + "\n" + noIstiod, "the proxy cannot reach istiod: dial tcp 10.96.7.8:15012: connection refused", causeIstiod, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var finding Finding
			message, found := causeIn(test.log, &finding)
			if message != test.message || finding.Cause != test.cause || found != (test.cause != "") || test.next != "" && finding.Next != test.next {
				t.Errorf("%q, %+v", message, finding)
			}
		})
	}
}

func TestComplaints(t *testing.T) {
	again := strings.Replace(noDNS, "02:00:00", "02:00:09", 1)
	for _, test := range []struct {
		name string
		log  []string
		want []string
	}{
		{"nothing", nil, nil},
		{"only information", []string{informs, "time=1 level=INFO msg=\"an error\"", "plain text"}, nil},
		{"an error", []string{informs, noServer, informs}, []string{noServer}},
		{"the same again", []string{noDNS, noServer, again}, []string{noServer, again}},
		{"a proxy that says only that it is not ready", []string{notReady, notReady}, []string{notReady}},
		{"a proxy that says more", []string{noDNS, notReady}, []string{noDNS}},
		{"istiod that says only that it is not ready", []string{syncs, probed}, []string{probed}},
		{"istiod that says more", []string{noServer, probed}, []string{noServer}},
		{"other forms", []string{`time=1 level=ERROR msg="no"`, `{"level":"warn","msg":"no"}`, "logger=x lvl=eror"}, []string{`time=1 level=ERROR msg="no"`, `{"level":"warn","msg":"no"}`}},
		{"what a terminal acts on", []string{"error \x1b[31mred\x1b[0m\u202e"}, []string{"error red"}},
		{"many", []string{"error a", "error b", "error c", "error d", "error e", "error f"}, []string{"error b", "error c", "error d", "error e", "error f"}},
		{"a long one", []string{"error " + strings.Repeat("x", 1000)}, []string{"error " + strings.Repeat("x", maxLine-7) + "…"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want []string
			for _, line := range test.want {
				want = append(want, clean(line, maxLine))
			}
			if got := complaints(strings.Join(test.log, "\n")); !slices.Equal(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
	if got := complaints("error old\n" + strings.Repeat("x\n", maxLog)); got != nil {
		t.Errorf("%q of a log that is too long", got)
	}
}

// TestRelate tells a cause once, and first.
func TestRelate(t *testing.T) {
	named := func(name, label string) *unstructured.Unstructured {
		workload := &unstructured.Unstructured{}
		workload.SetName(name)
		workload.SetLabels(map[string]string{"istio": label})
		return workload
	}
	egress, ingress, istiod := named("egress", "egressgateway"), named("ingress", "ingressgateway"), named("istiod", "pilot")
	of := func(cause string) []Finding {
		return []Finding{{Pod: "a", Reason: "Why", Message: "because", Logs: []string{"log"}, Event: "event", Next: "next", Cause: cause}}
	}
	for _, test := range []struct {
		name      string
		workloads []*unstructured.Unstructured
		findings  [][]Finding
		want      []string
	}{
		{"nothing", nil, nil, nil},
		{"causes of their own", []*unstructured.Unstructured{egress, ingress}, [][]Finding{of(""), of("")}, []string{"egress because", "ingress because"}},
		{"a common cause", []*unstructured.Unstructured{egress, ingress}, [][]Finding{of(causeDNS), of(causeDNS)}, []string{"egress because", "ingress waits for cluster DNS"}},
		{"istiod comes first", []*unstructured.Unstructured{egress, ingress, istiod}, [][]Finding{of(causeIstiod), of(""), of("")}, []string{"istiod because", "ingress because", "egress waits for istiod"}},
		{"istiod says nothing yet", []*unstructured.Unstructured{egress, istiod}, [][]Finding{of(causeIstiod), nil}, []string{"istiod", "egress waits for istiod"}},
		{"istiod is ready", []*unstructured.Unstructured{egress, ingress}, [][]Finding{of(causeIstiod), of(causeIstiod)}, []string{"egress because", "ingress waits for istiod"}},
		{"istiod waits itself", []*unstructured.Unstructured{egress, ingress, istiod}, [][]Finding{of(causeServer), of(causeIstiod), of(causeServer)},
			[]string{"istiod because", "egress waits for the API server", "ingress waits for istiod"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, i := range Relate(test.workloads, test.findings) {
				line := test.workloads[i].GetName()
				for _, f := range test.findings[i] {
					line += " " + f.Message
					if waits := strings.HasPrefix(f.Message, "waits"); waits != (f.Logs == nil) || waits != (f.Next == "") || waits != (f.Event == "") {
						t.Errorf("%+v", f)
					}
				}
				got = append(got, line)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}
