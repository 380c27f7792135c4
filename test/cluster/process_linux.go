package cluster

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// restartDelay is how long a process that has ended is left alone.
const restartDelay = 2 * time.Second

// process is the only container of a pod.
type process struct {
	container container
	log       *os.File
	command   *exec.Cmd
	ended     chan error
	since     time.Time
	restarts  int32
	// failure is how it ended, while it does not run.
	failure error
	// What was last reported of it.
	reported, wasReady bool
	reportedRestarts   int32
}

// startProcess runs a container and writes its log into a file.
func startProcess(c container, path string) (*process, error) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	p := &process{container: c, log: log}
	if err := p.start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return p, nil
}

func (p *process) start() error {
	command, err := p.container.start(p.log)
	if err != nil {
		return err
	}
	p.command, p.ended, p.since, p.failure = command, make(chan error, 1), time.Now(), nil
	go func(command *exec.Cmd, ended chan<- error) { ended <- errors.Join(command.Wait(), errEnded) }(p.command, p.ended)
	return nil
}

var errEnded = errors.New("the process has ended")

// keepUp starts a process that has ended again, after a while, and gives how
// it ended as long as it does not run.
func (p *process) keepUp() error {
	select {
	case p.failure = <-p.ended:
		p.since = time.Now()
		p.restarts++
	default:
	}
	if p.failure != nil && time.Since(p.since) > restartDelay {
		if err := p.start(); err != nil {
			p.failure = err
		}
	}
	return p.failure
}

// ready asks the readiness probe.
func (p *process) ready(path string) bool {
	client := http.Client{Timeout: time.Second}
	response, err := client.Get("http://" + p.container.Address + path)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// stop ends the process as a kubelet does, by asking first.
func (p *process) stop() {
	defer p.log.Close()
	if p.failure != nil {
		return
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(time.Second):
		_ = p.command.Process.Kill()
		<-p.ended
	}
}

// probePath gives port and path of the readiness probe of a pod's container.
func probePath(pod *corev1.Pod) string {
	container := &pod.Spec.Containers[0]
	probe := container.ReadinessProbe.HTTPGet
	return fmt.Sprintf(":%d%s", portNumber(container, probe.Port), probe.Path)
}

// portNumber gives the number of a port that may be named, or 0.
func portNumber(container *corev1.Container, port intstr.IntOrString) int {
	if port.Type == intstr.Int {
		return port.IntValue()
	}
	for _, named := range container.Ports {
		if named.Name == port.StrVal {
			return int(named.ContainerPort)
		}
	}
	return 0
}

// describe fills in a pod's status.
func describe(pod *corev1.Pod, p *process, failure error, ready bool) {
	condition := func(kind corev1.PodConditionType, is bool) corev1.PodCondition {
		status := corev1.ConditionFalse
		if is {
			status = corev1.ConditionTrue
		}
		for _, was := range pod.Status.Conditions {
			if was.Type == kind && was.Status == status {
				return was
			}
		}
		return corev1.PodCondition{Type: kind, Status: status, LastTransitionTime: metav1.Now()}
	}
	container := pod.Spec.Containers[0]
	state := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(p.since)}}
	if failure != nil {
		state = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff", Message: failure.Error()}}
	}
	began := metav1.NewTime(p.since)
	if pod.Status.StartTime != nil {
		began = *pod.Status.StartTime
	}
	running := failure == nil
	pod.Status = corev1.PodStatus{
		Phase: corev1.PodRunning, StartTime: &began, QOSClass: pod.Status.QOSClass,
		HostIP: machineAddress, HostIPs: []corev1.HostIP{{IP: machineAddress}},
		PodIP: p.container.Address, PodIPs: []corev1.PodIP{{IP: p.container.Address}},
		Conditions: []corev1.PodCondition{
			condition(corev1.PodScheduled, true), condition(corev1.PodInitialized, true),
			condition(corev1.ContainersReady, ready), condition(corev1.PodReady, ready),
		},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: container.Name, Image: container.Image, State: state, Started: &running, Ready: ready, RestartCount: p.restarts,
		}},
	}
}
