package diagnose

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// warning gives an event about container web of pod a.
func warning(at, reason, message string) string {
	return "- {metadata: {uid: e" + at + "}, type: Warning, reason: " + reason + ", message: '" + message + "', lastTimestamp: '2026-01-01T00:00:" + at + "Z', " +
		"involvedObject: {kind: Pod, name: a, fieldPath: 'spec.containers{web}'}}\n"
}

// waits gives pod a, whose container waits for a reason.
func waits(reason, message string) string {
	return "pods:\n" + container("a", "state: {waiting: {reason: "+reason+", message: '"+message+"'}}")
}

// died gives pod a, whose container is started again after it ended.
func died(restarts, terminated string) string {
	return "pods:\n" + container("a", "restartCount: "+restarts+", state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {"+terminated+"}}")
}

func TestContainers(t *testing.T) {
	logs := "kubectl logs a -c web --previous -n mesh"
	describe := "kubectl describe pod a -n mesh"
	for _, test := range []explained{
		{"on its way", waits("ContainerCreating", ""), "", "", "", 0},
		{"without a reason", "pods:\n" + container("a", "state: {waiting: {}}"), "", "", "", 0},
		{"running", "pods:\n" + container("a", "state: {running: {}}"), "", "", "", 0},
		{"completed", "pods:\n" + container("a", "state: {terminated: {exitCode: 0, reason: Completed}}"), "", "", "", 0},
		{"being deleted", "pods:\n" + strings.Replace(container("a", crashState), "name: a", "name: a, deletionTimestamp: '2026-01-01T00:00:00Z'", 1), "", "", "", 0},

		{"a secret", waits("CreateContainerConfigError", `secret "token" not found`),
			`pod a: container web: CreateContainerConfigError: secret "token" not found`, "", "create the secret: kubectl get secret token -n mesh", time.Minute},
		{"a key", waits("CreateContainerConfigError", `couldn''t find key mode in ConfigMap mesh/settings`),
			"pod a: container web: CreateContainerConfigError: couldn't find key mode in ConfigMap mesh/settings", "", "add the key mode: kubectl edit configmap settings -n mesh", time.Minute},
		{"what istiod is going to write", waits("CreateContainerConfigError", `configmap "istio-ca-root-cert" not found`),
			`pod a: container web: CreateContainerConfigError: configmap "istio-ca-root-cert" not found`, "", "istiod creates it once it is running: check why istiod is not ready", 0},
		{"root", waits("CreateContainerConfigError", `container has runAsNonRoot and image will run as root (pod: "a_mesh(1-2)", container: web)`),
			"pod a: container web: CreateContainerConfigError: container has runAsNonRoot and image will run as root", "", "set runAsUser of the container to a non-root user", time.Minute},
		{"a program that is not there", waits("RunContainerError", `exec: "nope": executable file not found in $PATH`),
			`pod a: container web: RunContainerError: exec: "nope": executable file not found in $PATH`, "", describe, time.Minute},
		{"a program that is not there, again", died("2", `exitCode: 128, reason: StartError, message: 'exec: "nope": executable file not found in $PATH'`),
			`pod a: container web: CrashLoopBackOff: exec: "nope": executable file not found in $PATH`, "", describe, time.Minute},
		{"a program that is not there, between", "pods:\n" + container("a", `state: {terminated: {exitCode: 128, reason: StartError, message: 'exec: "nope": not found'}}`),
			`pod a: container web: StartError: exec: "nope": not found`, "", describe, time.Minute},
		{"a program that cannot be started", waits("RunContainerError", "exec /web: exec format error"),
			"pod a: container web: RunContainerError: exec /web: exec format error", "",
			"use an image for the architecture of node node-1: kubectl get node node-1 -L kubernetes.io/arch", hopelessGrace},
		{"a hook", waits("PostStartHookError", "exited with 1"),
			"pod a: container web: PostStartHookError: exited with 1", "", describe, 0},

		{"a crash", died("0", "exitCode: 1, reason: Error"),
			"pod a: container web: CrashLoopBackOff: exit code 1", "", logs, 0},
		{"a second crash", died("1", "exitCode: 1, reason: Error"),
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted once", "", logs, 0},
		{"many crashes", died("5", "exitCode: 1, reason: Error"),
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted 5 times", "", logs, 30 * time.Second},
		{"last words", died("2", `exitCode: 1, reason: Error, message: "no\nconfiguration\n"`),
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted 2 times: no configuration", "", logs, 0},
		{"too little memory", died("2", "exitCode: 137, reason: OOMKilled"),
			"pod a: container web: CrashLoopBackOff: exit code 137 (OOMKilled), restarted 2 times", "", "raise the memory limit of the container", 0},
		{"killed", died("2", "exitCode: 137, reason: Error") + "events:\n" + warning("01", "Unhealthy", "Liveness probe failed: refused") + warning("02", "BackOff", "Back-off restarting failed container"),
			"pod a: container web: CrashLoopBackOff: exit code 137, restarted 2 times", "Unhealthy: Liveness probe failed: refused",
			"the container was killed; check whether its liveness probe fails: " + describe, 0},
		{"a program of another machine", died("1", "exitCode: 1, reason: Error") + "logs: {web: 'exec /web: exec format error'}",
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted once: exec format error", "",
			"use an image for the architecture of node node-1: kubectl get node node-1 -L kubernetes.io/arch", hopelessGrace},
		{"a server that it cannot reach", died("3", "exitCode: 1, reason: Error") + "logs: {web: " + strconv.Quote(noServer) + "}",
			"pod a: container web: CrashLoopBackOff: exit code 1, restarted 3 times: the pod cannot reach the API server: dial tcp 10.96.0.1:443: i/o timeout", "",
			"check kube-proxy and the network plugin (CNI): kubectl get pods -n kube-system -o wide", 0},
		{"no last state", "pods:\n" + container("a", "state: {waiting: {reason: CrashLoopBackOff, message: back-off}}"),
			"pod a: container web: CrashLoopBackOff: back-off", "", describe, 0},
		{"not started again", "pods:\n" + container("a", "state: {terminated: {exitCode: 3, reason: Error}}"),
			"pod a: container web: Error: exit code 3", "", "kubectl logs a -c web -n mesh", 0},
		{"ended without a reason", "pods:\n" + container("a", "state: {terminated: {exitCode: 3}}"),
			"pod a: container web: Error: exit code 3", "", "", 0},
	} {
		test.check(t)
	}
}

func TestImages(t *testing.T) {
	const limit = "toomanyrequests: You have reached your unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit"
	const text = `pod a: container web: ErrImagePull: image "registry.example.com/web:1"`
	const wrapped = `rpc error: code = Unknown desc = failed to pull and unpack image "registry.example.com/web:1": failed to resolve reference "registry.example.com/web:1": `
	const resolved = `failed to pull and unpack image "registry.example.com/web:1": failed to resolve image: `
	name, reach := "fix the image name or tag", "let the nodes reach the registry, or install from a mirror with --hub"
	for _, test := range []explained{
		{"no message", waits("ErrImagePull", ""), text, "", "kubectl describe pod a -n mesh", imageGrace},
		{"not found", waits("ErrImagePull", "rpc error: code = NotFound desc = "+strings.TrimPrefix(wrapped, "rpc error: code = Unknown desc = ")+"registry.example.com/web:1: not found"), text + ": not found", "", name, imageGrace},
		{"backing off", waits("ImagePullBackOff", `Back-off pulling image "registry.example.com/web:1": ErrImagePull: `+wrapped+"registry.example.com/web:1: not found"),
			strings.Replace(text, "ErrImagePull", "ImagePullBackOff", 1) + ": not found", "", name, imageGrace},
		{"backing off, and an event", waits("ImagePullBackOff", `Back-off pulling image "registry.example.com/web:1"`) + "events:\n" +
			warning("01", "Failed", `Failed to pull image "registry.example.com/web:1": `+wrapped+"registry.example.com/web:1: not found") + warning("02", "Failed", "Error: ImagePullBackOff"),
			strings.Replace(text, "ErrImagePull", "ImagePullBackOff", 1) + ": not found", "", name, imageGrace},
		{"limited", waits("ErrImagePull", wrapped+"unexpected status from HEAD request to https://registry-1.docker.io/v2/istio/pilot/manifests/1: 429 Too Many Requests - Server message: "+limit),
			text + ": " + limit, "", "registry rate limit reached: install from a mirror with --hub, or add imagePullSecrets to the pods", imageGrace},
		{"limited without a message", waits("ErrImagePull", wrapped+"unexpected status code: 429 Too Many Requests"), text + ": unexpected status code: 429 Too Many Requests", "",
			"registry rate limit reached: install from a mirror with --hub, or add imagePullSecrets to the pods", imageGrace},
		{"denied", waits("ErrImagePull", wrapped+"pull access denied, repository does not exist or may require authorization"),
			text + ": pull access denied, repository does not exist or may require authorization", "",
			"check that the image exists; add imagePullSecrets to the pods if the registry requires a login", imageGrace},
		{"no such host", waits("ErrImagePull", wrapped+`failed to do request: Head "https://registry.example.com/v2/web/manifests/1": dial tcp: lookup registry.example.com: no such host`),
			text + ": dial tcp: lookup registry.example.com: no such host", "", reach, imageGrace},
		{"timeout", waits("ErrImagePull", wrapped+"dial tcp 192.0.2.1:443: i/o timeout"), text + ": dial tcp 192.0.2.1:443: i/o timeout", "", reach, imageGrace},
		{"certificate", waits("ErrImagePull", wrapped+"tls: failed to verify certificate: x509: certificate signed by unknown authority"),
			text + ": tls: failed to verify certificate: x509: certificate signed by unknown authority", "", "make the nodes trust the registry''s certificate", imageGrace},
		{"not found, by containerd 2", waits("ErrImagePull", resolved+"registry.example.com/web:1: not found"), text + ": not found", "", name, imageGrace},
		{"limited, by containerd 2", waits("ErrImagePull", resolved+"unexpected status from HEAD request to https://registry-1.docker.io/v2/istio/pilot/manifests/1: 429 Too Many Requests"),
			text + ": unexpected status from HEAD request to registry-1.docker.io: 429 Too Many Requests", "",
			"registry rate limit reached: install from a mirror with --hub, or add imagePullSecrets to the pods", imageGrace},
		{"a login", waits("ErrImagePull", resolved+"failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://ghcr.io/token: 401 Unauthorized"),
			text + ": unexpected status from GET request to ghcr.io: 401 Unauthorized", "",
			"check that the image exists; add imagePullSecrets to the pods if the registry requires a login", imageGrace},
		{"a certificate, by containerd 2", waits("ErrImagePull", resolved+`failed to do request: Head "https://registry.example.com/v2/web/manifests/1": tls: failed to verify certificate: x509: certificate signed by unknown authority`),
			text + ": tls: failed to verify certificate: x509: certificate signed by unknown authority", "", "make the nodes trust the registry''s certificate", imageGrace},
		{"plain HTTP", waits("ErrImagePull", resolved+`failed to do request: Head "https://registry.example.com/v2/web/manifests/1": http: server gave HTTP response to HTTPS client`),
			text + ": http: server gave HTTP response to HTTPS client", "", "have the nodes'' container runtime use plain HTTP for the registry, or give the registry a certificate", imageGrace},
		{"no space", waits("ErrImagePull", `failed to pull and unpack image "registry.example.com/web:1": failed to extract layer sha256:1 to overlayfs as "extract-1": write /var/lib/x: no space left on device`),
			text + ": no space left on device", "", "free disk space on the node: kubectl describe node node-1", imageGrace},
		{"a registry that fails", waits("ErrImagePull", resolved+"unexpected status from HEAD request to https://registry.example.com/v2/web/manifests/1: 503 Service Unavailable"),
			text + ": unexpected status from HEAD request to registry.example.com: 503 Service Unavailable", "",
			"the registry fails; wait for it, or install from a mirror with --hub", imageGrace},
		{"platform", waits("ErrImagePull", wrapped+"no match for platform in manifest: not found"), text + ": no match for platform in manifest: not found", "",
			"use an image for the architecture of the nodes: kubectl get nodes -L kubernetes.io/arch", imageGrace},
		{"no name", waits("InvalidImageName", `Failed to apply default image tag "web:1:2": could not parse image reference`),
			`pod a: container web: InvalidImageName: image "registry.example.com/web:1": could not parse image reference`, "", "fix the image name", hopelessGrace},
		{"never pulled", waits("ErrImageNeverPull", `Container image "web:1" is not present with pull policy of Never`),
			`pod a: container web: ErrImageNeverPull: image "registry.example.com/web:1": Container image "web:1" is not present with pull policy of Never`, "",
			"load the image on the node, or change its imagePullPolicy", imageGrace},
		{"not injected", strings.Replace(waits("ErrImagePull", "docker.io/library/auto:latest: not found"), "registry.example.com/web:1", "auto", 1),
			`pod a: container web: ErrImagePull: image "auto": docker.io/library/auto:latest: not found`, "",
			"the pod was created before istiod could inject it: kubectl delete pod a -n mesh", imageGrace},
	} {
		test.next = strings.ReplaceAll(test.next, "''", "'")
		test.check(t)
	}
}

// TestLogs gives the last lines, without what a terminal acts on.
func TestLogs(t *testing.T) {
	long := strings.Repeat("x", 3*maxRead)
	for name, test := range map[string]struct {
		log  string
		want []string
	}{
		"none":    {"", nil},
		"blank":   {"\n  \n", nil},
		"one":     {"one\n", []string{"one"}},
		"many":    {"1\n2\n\n3\n4\n5\n6\n7", []string{"3", "4", "5", "6", "7"}},
		"colours": {"\x1b[1;31merror\x1b[0m: no\r\n", []string{"error: no"}},
		"long":    {"first\n" + long, []string{strings.Repeat("x", maxLine-1) + "…"}},
	} {
		t.Run(name, func(t *testing.T) {
			evidence := evidenceOf(t, "pods:\n"+container("a", crashState))
			evidence.Logs[LogKey{"a", "web"}] = test.log
			found := Explain(evidence)
			if len(found) != 1 || !slices.Equal(found[0].Logs, test.want) {
				t.Errorf("found %q, want %q", found[0].Logs, test.want)
			}
		})
	}
}

// TestTwoContainers tells of both, the one that runs first first.
func TestTwoContainers(t *testing.T) {
	found := Explain(evidenceOf(t, `
pods:
- metadata: {name: a}
  status:
    containerStatuses:
    - {name: web, state: {running: {}}}
    - {name: proxy, state: {waiting: {reason: InvalidImageName}}, image: 'a b'}
    initContainerStatuses:
    - {name: setup, image: setup, state: {waiting: {reason: ErrImagePull}}}
    - {name: later, state: {waiting: {reason: PodInitializing}}}
`))
	want := []string{`pod a: container setup: ErrImagePull: image "setup"`, `pod a: container proxy: InvalidImageName: image "a b"`}
	if len(found) != 2 || found[0].String() != want[0] || found[1].String() != want[1] {
		t.Errorf("found %q, want %q", found, want)
	}
}
