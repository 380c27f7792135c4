package diagnose

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

// imageGrace is for registries and networks that fail for a moment.
const imageGrace = 30 * time.Second

// imageReasons are those of containers without an image.
var imageReasons = map[string]bool{
	"ErrImagePull":              true,
	"ImagePullBackOff":          true,
	"ErrImageNeverPull":         true,
	"InvalidImageName":          true,
	"ImageInspectError":         true,
	"RegistryUnavailable":       true,
	"SignatureValidationFailed": true,
}

// wrapping is what the kubelet and the runtimes put in front of the cause.
var wrapping = regexp.MustCompile(`^(?:` +
	`(?:Back-off pulling|Failed to pull|failed to pull and unpack|failed to pull|Failed to apply default) image(?: tag)? "[^"]*"` +
	`|failed to (?:resolve reference|resolve image|do request|copy|authorize|fetch anonymous token|fetch oauth token|fetch)(?: "[^"]*")?` +
	`|(?:Head|Get) "[^"]*"` +
	`|ErrImagePull|ImagePullBackOff|rpc error|code = \w+ desc =|code = \w+|httpReadSeeker|failed open|Error response from daemon` +
	`)(?:: *| +|$)`)

// noSpace is what a node says whose disk is full.
const noSpace = "no space left on device"

// answered names the file that a registry was asked for, in a URL that can be long
// and have a signature.
var answered = regexp.MustCompile(`request to https?://([^/\s]+)\S*: `)

// serverError is the answer of a registry that does not work.
var serverError = regexp.MustCompile(`unexpected status.*: 5\d\d\b`)

// image explains a container whose image does not come.
func (e *Evidence) image(pod *corev1.Pod, status *corev1.ContainerStatus) symptom {
	image := status.Image
	for _, container := range append(append([]corev1.Container{}, pod.Spec.InitContainers...), pod.Spec.Containers...) {
		if container.Name == status.Name {
			image = container.Image // as it was written
		}
	}
	cause := pullCause(status.State.Waiting.Message, image)
	if cause == "" {
		// The state says only that it waits; the event says why.
		for _, event := range e.warnings("Pod", pod.Name, pod.UID) {
			if at := containerOf(&event); (at == "" || at == status.Name) && event.Reason == "Failed" && containsAny(event.Message, "pull image") {
				cause = pullCause(combined(event.Message), image)
			}
		}
	}
	found := symptom{kind: imageKind, same: image, Finding: Finding{Message: fmt.Sprintf("image %q", image), Grace: imageGrace}}
	if cause != "" {
		found.Message += ": " + cause
	}
	switch reason := status.State.Waiting.Reason; {
	case reason == "InvalidImageName":
		found.Grace = hopelessGrace
		found.Next = "fix the image name"
	case reason == "ErrImageNeverPull":
		found.Next = "load the image on the node, or change its imagePullPolicy"
	case image == "auto":
		found.Next = "the pod was created before istiod could inject it: " + e.kubectl("delete pod {}", pod.Name)
	default:
		found.Next = nextPull(cause, pod.Spec.NodeName)
	}
	return found
}

// pullCause returns the last of a chain of errors, which is the first that went
// wrong.
func pullCause(message, image string) string {
	if _, limit, found := strings.Cut(message, "toomanyrequests: "); found {
		return clean("toomanyrequests: "+limit, maxCause)
	}
	if strings.Contains(message, noSpace) {
		return noSpace // behind the long names of a layer and a file
	}
	message = answered.ReplaceAllString(message, "request to $1: ")
	message = cut(clean(message, maxRead), wrapping)
	message = strings.TrimPrefix(message, image+": ")
	if _, rest, found := strings.Cut(message, image+": "); found && strings.HasPrefix(message, "docker.io/") {
		message = rest // its name in full
	}
	return clean(message, maxCause)
}

// nextPull tells what to do about a cause.
func nextPull(cause, node string) string {
	switch {
	case cause == noSpace:
		return "free disk space on the node: " + shell.Line("kubectl describe node {}", node)
	case containsAny(cause, "toomanyrequests", "too many requests", "rate limit"):
		return "registry rate limit reached: install from a mirror with --hub, or add imagePullSecrets to the pods"
	case containsAny(cause, "x509", "certificate"):
		return "make the nodes trust the registry's certificate"
	case containsAny(cause, "http response to https client"):
		return "have the nodes' container runtime use plain HTTP for the registry, or give the registry a certificate"
	case containsAny(cause, "no match for platform", "no matching manifest"):
		return "use an image for the architecture of the nodes: kubectl get nodes -L kubernetes.io/arch"
	case containsAny(cause, "unauthorized", "denied", "authorization", "forbidden"):
		return "check that the image exists; add imagePullSecrets to the pods if the registry requires a login"
	case containsAny(cause, "not found", "manifest unknown"):
		return "fix the image name or tag"
	case containsAny(cause, "no such host", "timeout", "deadline", "refused", "unreachable", "no route", ": eof"):
		return "let the nodes reach the registry, or install from a mirror with --hub"
	case serverError.MatchString(cause):
		return "the registry fails; wait for it, or install from a mirror with --hub"
	}
	return ""
}
