package diagnose

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/shell"
)

const (
	// crashGrace is for a container that has crashed restarts times: before
	// that it may only wait for another that is slower.
	crashGrace = 30 * time.Second
	restarts   = 5
	// hopelessGrace is for what no waiting changes: a name that is none, or a
	// program for other machines.
	hopelessGrace = 5 * time.Second
)

// startError is the reason of containers that have ended before they began.
const startError = "StartError"

// starting are the reasons of containers that are on their way.
var starting = map[string]bool{"": true, "ContainerCreating": true, "PodInitializing": true}

var (
	// missing is what the kubelet says of what is not there.
	missing = regexp.MustCompile(`(?i)\b(secret|configmap) "([^"]+)" not found`)
	// missingKey is what it says of a key.
	missingKey = regexp.MustCompile(`couldn't find key (\S+) in (\S+) (\S+)|references non-existent \w+ key: (\S+)`)
	// mount begins what it says of volumes.
	mount = regexp.MustCompile(`^MountVolume\.SetUp failed for volume "([^"]+)" ?: `)
	// whose ends what it says of users.
	whose = regexp.MustCompile(` \(pod: "[^"]*", container: [^)]*\)`)
)

// containers returns the symptoms of containers that cannot start, or start and
// die.
func (e *Evidence) containers(pod *corev1.Pod) []symptom {
	var found []symptom
	for _, status := range statuses(pod) {
		var symptom symptom
		waiting, ended := status.State.Waiting, status.State.Terminated
		switch {
		case waiting != nil && !starting[waiting.Reason]:
			symptom = e.waiting(pod, &status)
		case ended != nil && ended.Reason == startError:
			symptom = e.unstartable(pod, ended.Message)
			symptom.Reason = ended.Reason
		case ended != nil && ended.ExitCode != 0:
			symptom = e.crash(pod, &status, ended)
			symptom.Reason = cmp.Or(ended.Reason, "Error")
		default:
			continue
		}
		symptom.Container = status.Name
		if symptom.kind == crashKind {
			symptom.log = status.Name
		}
		found = append(found, symptom)
	}
	return found
}

// waiting explains a container that does not run.
func (e *Evidence) waiting(pod *corev1.Pod, status *corev1.ContainerStatus) symptom {
	waiting, last := status.State.Waiting, status.LastTerminationState.Terminated
	var found symptom
	switch {
	case imageReasons[waiting.Reason]:
		found = e.image(pod, status)
	case waiting.Reason == "CrashLoopBackOff" && last != nil && last.Reason == startError:
		found = e.unstartable(pod, last.Message)
	case waiting.Reason == "CrashLoopBackOff" && last != nil:
		found = e.crash(pod, status, last)
		if found.Grace == 0 && status.RestartCount >= restarts {
			found.Grace = crashGrace
		}
	case waiting.Reason == "CrashLoopBackOff":
		found = symptom{kind: crashKind, Finding: Finding{Message: waiting.Message}, previous: true}
	default:
		found = e.unstartable(pod, waiting.Message)
		if waiting.Reason == "PostStartHookError" {
			found.Grace = 0 // the container has run, and is going to run again
		}
	}
	found.Reason = waiting.Reason
	return found
}

// unstartable explains a container that could not be made, or not be started.
func (e *Evidence) unstartable(pod *corev1.Pod, message string) symptom {
	message = whose.ReplaceAllString(message, "")
	found := symptom{kind: configKind, same: message, Finding: Finding{Message: message, Cause: writer(message), Grace: missingGrace}}
	if isForeign(message) {
		found.Grace, found.Next = hopelessGrace, otherImage(pod)
	}
	if next, grace := e.absent(message); next != "" {
		found.Next, found.Grace = next, grace
	}
	if containsAny(message, "runasnonroot") {
		found.Next = "set runAsUser of the container to a non-root user"
	}
	return found
}

// absent tells what to do about a secret, a config map, or a key of one, that
// is not there, and how long it may stay away.
func (e *Evidence) absent(message string) (next string, grace time.Duration) {
	if writer(message) != "" {
		// However long istiod takes to start, then it writes it.
		return "istiod creates it once it is running: check why istiod is not ready", 0
	}
	if found := missing.FindStringSubmatch(message); found != nil {
		return fmt.Sprintf("create the %s: %s", strings.ToLower(found[1]), e.kubectl("get {} {}", strings.ToLower(found[1]), found[2])), missingGrace
	}
	if found := missingKey.FindStringSubmatch(message); found != nil && found[1] != "" {
		_, name, _ := strings.Cut(found[3], "/")
		return fmt.Sprintf("add the key %s: %s", found[1], e.kubectl("edit {} {}", strings.ToLower(found[2]), name)), missingGrace
	} else if found != nil {
		return fmt.Sprintf("add the key %s to the volume's source", found[4]), missingGrace
	}
	return "", 0
}

// writer returns who writes what a message says is missing, if that is known.
func writer(message string) string {
	if containsAny(message, `"istio-ca-root-cert"`) {
		return causeIstiod
	}
	return ""
}

// crash explains a container that has ended.
func (e *Evidence) crash(pod *corev1.Pod, status *corev1.ContainerStatus, ended *corev1.ContainerStateTerminated) symptom {
	found := symptom{kind: crashKind, same: fmt.Sprint(ended.ExitCode, ended.Reason)}
	log := e.Logs[LogKey{pod.Name, status.Name}]
	found.Logs = lastLines(log)
	found.Message = fmt.Sprintf("exit code %d", ended.ExitCode)
	found.previous = status.State.Waiting != nil
	killed := ended.Reason == "OOMKilled"
	if killed {
		found.Message += " (OOMKilled)"
	}
	if status.RestartCount > 0 {
		found.Message += fmt.Sprintf(", restarted %s", times(int(status.RestartCount)))
	}
	if text := clean(ended.Message, maxCause); text != "" {
		found.Message += ": " + text
	}
	switch {
	case isForeign(ended.Message) || isForeign(log):
		found.Grace, found.Next = hopelessGrace, otherImage(pod)
		found.Message += ": exec format error"
	case killed:
		found.Next = "raise the memory limit of the container"
	case ended.ExitCode == 137:
		found.Next = "the container was killed; check whether its liveness probe fails: " + e.kubectl("describe pod {}", pod.Name)
	case found.previous:
		found.Next = e.kubectl("logs {} -c {} --previous", pod.Name, status.Name)
	default:
		found.Next = e.kubectl("logs {} -c {}", pod.Name, status.Name)
	}
	if cause, is := causeIn(log, &found.Finding); is && !killed {
		found.Message += ": " + cause
	}
	return found
}

// isForeign tells of a program for machines of another kind.
func isForeign(text string) bool { return containsAny(text, "exec format error") }

func otherImage(pod *corev1.Pod) string {
	node := pod.Spec.NodeName
	return fmt.Sprintf("use an image for the architecture of node %s: %s", node, shell.Line("kubectl get node {} -L kubernetes.io/arch", node))
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
