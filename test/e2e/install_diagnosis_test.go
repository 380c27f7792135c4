package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/controlplane"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/fixture"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/user"
)

// obstacles are what is in the way of pods, and has to be there before them.
const obstacles = `apiVersion: v1
kind: Namespace
metadata: {name: full}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: small, namespace: full}
spec: {hard: {pods: "0"}}
---
apiVersion: v1
kind: Namespace
metadata: {name: hooked}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: hooked}
webhooks:
- name: pods.example.com
  admissionReviewVersions: [v1]
  sideEffects: None
  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: hooked}}
  rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  clientConfig: {service: {name: gone, namespace: hooked, port: 15017}}
`

// troubled are workloads that the controllers, the scheduler and the admission
// of a real control plane hold back, each for a reason of its own.
var troubled = fixture.Join(`apiVersion: v1
kind: Namespace
metadata: {name: strict, labels: {pod-security.kubernetes.io/enforce: restricted}}
---
apiVersion: v1
kind: Namespace
metadata: {name: troubled}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data, namespace: troubled}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: fast, namespace: troubled}
spec: {storageClassName: fast, accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`,
	fixture.Workload("Deployment", "strict", "open"),
	fixture.Workload("Deployment", "full", "one"),
	fixture.Workload("StatefulSet", "full", "many"),
	fixture.Workload("DaemonSet", "full", "each"),
	fixture.Workload("Deployment", "hooked", "called"),
	fixture.Workload("Deployment", "troubled", "big", "nodeSelector: {no: where}"),
	fixture.Workload("Deployment", "troubled", "account", "serviceAccountName: nobody"),
	fixture.Workload("Deployment", "troubled", "store", "volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]"),
	fixture.Workload("Deployment", "troubled", "lost", "volumes: [{name: data, persistentVolumeClaim: {claimName: nowhere}}]"),
)

// TestInstallDiagnosesControlPlane tells what a real control plane says of workloads
// that cannot run on it.
func TestInstallDiagnosesControlPlane(t *testing.T) {
	// Its objects name namespaces of their own, and so its inventory is where
	// other tests have the demo's.
	t.Parallel()
	u := user.New(t, controlplane.Start(t, "diagnosed").Kubeconfig)
	u.Must(t, "kubectl", "apply", "-f", user.File(t, "obstacles.yaml", obstacles))
	defer u.Must(t, "kubectl", "delete", "validatingwebhookconfiguration", "hooked")
	for namespace, why := range map[string]string{"full": "exceeded quota", "hooked": "failed calling webhook"} {
		u.Until(t, user.Prints(why), "kubectl", "run", "try", "--image=try", "-n", namespace, "--dry-run=server")
	}
	path := user.File(t, "troubled.yaml", troubled)
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "--timeout", "8s", "--skip-checks", "webhooks")
	quota := "FailedCreate: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0"
	unready(t, got, map[string]string{
		"persistentvolumeclaim troubled/data": "ClaimPending: no matching volume, and no storage class set",
		"persistentvolumeclaim troubled/fast": `ClaimPending: storageclass.storage.k8s.io "fast" not found`,
		"deployment strict/open":              `FailedCreate: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false .*…`,
		"deployment full/one":                 quota,
		"statefulset full/many":               quota,
		"daemonset full/each":                 quota,
		"deployment hooked/called":            `FailedCreate: webhook pods.example.com \(gone.hooked.svc:15017\) is unreachable: service "gone" not found`,
		"deployment troubled/big":             `pod big-\S+: Unschedulable: 0/3 nodes are available: 3 node\(s\) didn't match Pod's node affinity/selector.`,
		"deployment troubled/account":         `FailedCreate: error looking up service account troubled/nobody: serviceaccount "nobody" not found`,
		"deployment troubled/store":           `pod store-\S+: ClaimPending: persistentvolumeclaim "data": no matching volume, and no storage class set`,
		"deployment troubled/lost":            `pod lost-\S+: Unschedulable: 0/3 nodes are available: persistentvolumeclaim "nowhere" not found`,
	})
}

// unready looks for a line for each object that does not run, and for its end.
func unready(t *testing.T, got user.Result, want map[string]string) {
	t.Helper()
	lines := got.Errors()
	if got.Code != 3 || len(lines) != len(want) {
		t.Errorf("exit code %d, %d lines of an error, want %d\n%s", got.Code, len(lines), len(want), got.Stderr)
	}
	for object, why := range want {
		pattern := regexp.MustCompile(`(?m)^error: timed out after \S+: ` + object + ` is not ready: [^;]*; ` + why + `$`)
		if !pattern.MatchString(strings.Join(lines, "\n")) {
			t.Errorf("nothing matches %s", pattern)
		}
	}
	if t.Failed() {
		t.Log(got.Stderr)
	}
}

// sick is what a kubelet says of a pod, and of an event about it.
type sick struct {
	// container is the status of the container.
	container string
	// condition is one that the pod has besides.
	condition string
	// reason and message are those of the event, which is a warning unless it is
	// of another type.
	reason, message string
	event           string
	// want is what is to be told.
	want string
}

var kubelets = map[string]sick{
	"pull": {
		container: `"state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image \"registry.example.com/web:1\""}}`,
		reason:    "Failed",
		message:   `Failed to pull image "registry.example.com/web:1": rpc error: code = NotFound desc = failed to pull and unpack image "registry.example.com/web:1": failed to resolve reference "registry.example.com/web:1": registry.example.com/web:1: not found`,
		want:      `container web: ImagePullBackOff: image "registry.example.com/web:1": not found`,
	},
	"limited": {
		container: `"state":{"waiting":{"reason":"ErrImagePull","message":"429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit."}}`,
		want:      `container web: ErrImagePull: image "registry.example.com/web:1": toomanyrequests: You have reached your pull rate limit.`,
	},
	"crash": {
		container: `"restartCount":7,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":1,"reason":"Error"}}`,
		want:      `container web: CrashLoopBackOff: exit code 1, restarted 7 times`,
	},
	// What this one crashed of stands in its log only.
	"foreign": {
		container: `"restartCount":2,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":255,"reason":"Error"}}`,
		want:      `container web: CrashLoopBackOff: exit code 255, restarted 2 times: exec format error`,
	},
	"memory": {
		container: `"restartCount":1,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}`,
		want:      `container web: CrashLoopBackOff: exit code 137 \(OOMKilled\), restarted once`,
	},
	"config": {
		container: `"state":{"waiting":{"reason":"CreateContainerConfigError","message":"couldn't find key mode in ConfigMap sick/settings\u001b[2J"}}`,
		want:      `container web: CreateContainerConfigError: couldn't find key mode in ConfigMap sick/settings`,
	},
	"mount": {
		container: `"state":{"waiting":{"reason":"ContainerCreating"}}`,
		condition: `{"type":"PodReadyToStartContainers","status":"False"},`,
		reason:    "FailedMount",
		message:   `MountVolume.SetUp failed for volume "token" : secret "token" not found`,
		want:      `FailedMount: volume "token": secret "token" not found`,
	},
	"pulling": {
		container: `"state":{"waiting":{"reason":"ContainerCreating"}}`,
		reason:    "Pulling",
		message:   `Pulling image "registry.example.com/web:1"`,
		event:     corev1.EventTypeNormal,
		want:      `ContainersNotReady: containers with unready status: \[web\]`,
	},
	"probe": {
		container: `"state":{"running":{}}`,
		reason:    "Unhealthy",
		message:   "Readiness probe failed: HTTP probe failed with statuscode: 503",
		want:      `container web: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503`,
	},
}

// TestInstallDiagnosesKubelets tells what kubelets say. The pods of the test cluster
// have run; then they become sick, as the statuses of their kubelets would
// say, and their logs come from one.
func TestInstallDiagnosesKubelets(t *testing.T) {
	control := controlplane.Shared(t)
	u := user.New(t, control.Kubeconfig)
	client, err := typedcorev1.NewForConfig(controlplane.RESTConfig(t, control.Kubeconfig))
	if err != nil {
		t.Fatal(err)
	}
	u.Must(t, "kubectl", "create", "namespace", "sick")
	var manifest strings.Builder
	for name := range kubelets {
		manifest.WriteString("---\n" + fixture.Workload("Deployment", "sick", name))
	}
	path := user.File(t, "sick.yaml", manifest.String())
	u.Must(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "sick", "--timeout", "1m")
	want := map[string]string{}
	pods, err := client.Pods("sick").List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var logs func() []string
	for _, pod := range pods.Items {
		name := pod.Labels["app"]
		if name == "foreign" {
			logs = kubelet(t, client, pod.Spec.NodeName, "exec /web: exec format error\n")
		}
		sicken(t, client, &pod, kubelets[name])
		want["deployment sick/"+name] = "pod " + pod.Name + ": " + kubelets[name].want
	}
	u.Must(t, "kubectl", "wait", "deployments", "--all", "-n", "sick", "--for=condition=Available=False", "--timeout=30s")
	got := u.Run(t, "kubectl", "istio-demo", "install", "-f", path, "-n", "sick", "--timeout", "5s")
	unready(t, got, want)
	for _, line := range []string{"deployment sick/pulling: pulling web:1", `deployment sick/pull: cannot pull image "registry.example.com/web:1": not found`} {
		if !strings.Contains(got.Stderr, "  "+line+"\n") {
			t.Errorf("no line %s in\n%s", line, got.Stderr)
		}
	}
	if asked := logs(); len(asked) == 0 {
		t.Error("nobody asked for the log")
	}
}

// sicken lets the kubelet of a pod say what it says, once and for all: kwok
// lets pods be that have an address.
func sicken(t *testing.T, client typedcorev1.CoreV1Interface, pod *corev1.Pod, says sick) {
	t.Helper()
	status := `{"status":{"conditions":[` + says.condition + `{"type":"Ready","status":"False","reason":"ContainersNotReady","message":"containers with unready status: [web]"}],` +
		`"containerStatuses":[{"name":"web","image":"registry.example.com/web:1","imageID":"",` + says.container + `}]}}`
	if _, err := client.Pods(pod.Namespace).Patch(t.Context(), pod.Name, types.StrategicMergePatchType, []byte(status), metav1.PatchOptions{}, "status"); err != nil {
		t.Fatal(err)
	}
	if says.reason == "" {
		return
	}
	event := &corev1.Event{
		ObjectMeta:    metav1.ObjectMeta{GenerateName: pod.Name, Namespace: pod.Namespace},
		Type:          cmp.Or(says.event, corev1.EventTypeWarning),
		Reason:        says.reason,
		Message:       says.message,
		LastTimestamp: metav1.Now(),
		InvolvedObject: corev1.ObjectReference{
			APIVersion: "v1", Kind: "Pod", Namespace: pod.Namespace, Name: pod.Name, UID: pod.UID, FieldPath: "spec.containers{web}",
		},
	}
	if _, err := client.Events(pod.Namespace).Create(t.Context(), event, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// kubelet gives a node one that serves the log of container web of the foreign
// pod, until the test ends, and tells what it was asked for.
func kubelet(t *testing.T, client typedcorev1.CoreV1Interface, node, log string) func() []string {
	t.Helper()
	var mutex sync.Mutex
	var asked []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, in *http.Request) {
		mutex.Lock()
		defer mutex.Unlock()
		asked = append(asked, in.URL.String())
		if strings.HasPrefix(in.URL.Path, "/containerLogs/sick/foreign-") && in.URL.Query().Get("previous") == "true" {
			_, _ = out.Write([]byte(log))
		}
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	before, err := client.Nodes().Get(t.Context(), node, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	move := func(ctx context.Context, port, addresses string) {
		status := fmt.Sprintf(`{"status":{"daemonEndpoints":{"kubeletEndpoint":{"Port":%s}},"addresses":%s}}`, port, addresses)
		if _, err := client.Nodes().Patch(ctx, node, types.MergePatchType, []byte(status), metav1.PatchOptions{}, "status"); err != nil {
			t.Fatal(err)
		}
	}
	move(t.Context(), address.Port(), fmt.Sprintf(`[{"type":"InternalIP","address":%q}]`, address.Hostname()))
	// All of them: without its hostname, the node's pods cannot be reached.
	addresses, err := json.Marshal(before.Status.Addresses)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		move(context.Background(), fmt.Sprint(before.Status.DaemonEndpoints.KubeletEndpoint.Port), string(addresses))
	})
	return func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		return asked
	}
}
