package diagnose

import (
	"context"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

const (
	// maxPods and maxEvents bound what is read of a crowded namespace.
	maxPods   = 500
	maxEvents = 1000
	// maxLogs bounds the requests for logs.
	maxLogs = 3
	// logTimeout is short, because a node that is gone does not answer.
	logTimeout = 2 * time.Second
)

// Workload asks for what is known about a workload and explains what holds it
// back. It takes at most seven requests; one that fails leaves less to explain
// with. Objects that have no pods cost none.
func Workload(ctx context.Context, client typedcorev1.CoreV1Interface, workload *unstructured.Unstructured) []Finding {
	evidence := Evidence{Workload: workload}
	evidence.gather(ctx, client)
	return Explain(evidence)
}

// gather asks for the pods first, then for the warnings, and then for what
// these make necessary.
func (e *Evidence) gather(ctx context.Context, client typedcorev1.CoreV1Interface) {
	workload := e.Workload
	switch subject, hasPods := subjectOf(workload); {
	case isPod(workload) && !e.watched:
		var pod corev1.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(workload.Object, &pod); err == nil {
			e.Pods = []corev1.Pod{pod}
		}
	case hasPods:
		options := metav1.ListOptions{Limit: maxPods}
		subject.narrow(&options)
		list, err := client.Pods(workload.GetNamespace()).List(ctx, options)
		if err != nil {
			return // events alone do not tell what is over
		}
		for i := range list.Items {
			if subject.has(&list.Items[i]) {
				e.Pods = append(e.Pods, list.Items[i])
			}
		}
	case workload.GetKind() != "PersistentVolumeClaim":
		return
	}
	if !e.watched && e.healthy() {
		return
	}
	e.Events = events(ctx, client, workload.GetNamespace(), fields.Set{"type": corev1.EventTypeWarning})
	e.complete(ctx, client)
}

// healthy reports whether all pods that are wanted are there and ready.
func (e *Evidence) healthy() bool {
	if _, failed := e.failure(); failed {
		return false
	}
	ready := int64(0)
	for i := range e.Pods {
		if !isTrue(&e.Pods[i], corev1.PodReady) {
			return false
		}
		ready++
	}
	wanted, known := wanted(e.Workload)
	return known && ready >= wanted || isPod(e.Workload) && ready > 0
}

// complete asks, all at once, for what the symptoms so far make necessary:
// the logs of containers that crashed or do not get ready, and what a pod without
// a node waits for.
func (e *Evidence) complete(ctx context.Context, client typedcorev1.CoreV1Interface) {
	var requests sync.WaitGroup
	var scaling []corev1.Event
	var claims []corev1.PersistentVolumeClaim
	namespace, symptoms := e.Workload.GetNamespace(), e.look()
	at := slices.IndexFunc(symptoms, func(s symptom) bool { return s.kind == placeKind && s.Pod != "" })
	if at >= 0 {
		requests.Go(func() {
			scaling = events(ctx, client, namespace, fields.Set{"involvedObject.name": symptoms[at].Pod, "type": corev1.EventTypeNormal})
		})
	}
	if at >= 0 && containsAny(symptoms[at].Message, "persistentvolumeclaim") {
		requests.Go(func() { claims = claimsIn(ctx, client, namespace) })
	}
	logged := withLogs(symptoms)
	logs := make([]string, len(logged))
	for i, symptom := range logged {
		requests.Go(func() { logs[i] = lastLog(ctx, client, namespace, symptom) })
	}
	requests.Wait()
	e.Events = append(e.Events, scaling...)
	e.Claims = claims
	e.Logs = map[LogKey]string{}
	for i, symptom := range logged {
		e.Logs[LogKey{symptom.Pod, symptom.log}] = logs[i]
	}
}

// withLogs returns the symptoms whose logs are worth a request: of those that
// become one finding only the first.
func withLogs(symptoms []symptom) []symptom {
	var logged []symptom
	for _, s := range symptoms {
		known := slices.ContainsFunc(logged, func(other symptom) bool { return other.identity() == s.identity() })
		if s.log != "" && !known && len(logged) < maxLogs {
			logged = append(logged, s)
		}
	}
	return logged
}

func events(ctx context.Context, client typedcorev1.CoreV1Interface, namespace string, which fields.Set) []corev1.Event {
	list, err := client.Events(namespace).List(ctx, metav1.ListOptions{FieldSelector: which.String(), Limit: maxEvents})
	if err != nil {
		return nil
	}
	return list.Items
}

func claimsIn(ctx context.Context, client typedcorev1.CoreV1Interface, namespace string) []corev1.PersistentVolumeClaim {
	list, err := client.PersistentVolumeClaims(namespace).List(ctx, metav1.ListOptions{Limit: maxPods})
	if err != nil {
		return nil
	}
	return list.Items
}

func lastLog(ctx context.Context, client typedcorev1.CoreV1Interface, namespace string, of symptom) string {
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	lines, bytes := int64(tailLines), int64(maxLog)
	text, err := client.Pods(namespace).GetLogs(of.Pod, &corev1.PodLogOptions{
		Container:  of.log,
		Previous:   of.previous,
		TailLines:  &lines,
		LimitBytes: &bytes,
	}).DoRaw(ctx)
	if err != nil {
		return ""
	}
	return string(text)
}
