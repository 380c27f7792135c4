package diagnose

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
)

const (
	// never is longer than any wait.
	never = 1000 * time.Hour
	// confirmTimeout bounds the requests for one workload that seems to be stuck,
	// and confirmed how many are asked about at once.
	confirmTimeout = 10 * time.Second
	confirmed      = 16
)

// Stuck is a workload that does not heal by itself, and why.
type Stuck struct {
	Workload *unstructured.Unstructured
	// Findings are all that hold it back, not only those that cannot heal.
	Findings []Finding
}

// Watch watches the pods of workloads, and the events of their namespaces,
// until something has been for its grace in a state that does not heal by
// itself; then it tells of the workloads of which that is true. It gives
// nothing when the context ends before. What the user may not watch is left
// out, and so are objects that have no pods. All that it starts has ended when
// it returns.
//
// The workloads are as they were last seen; what is watched of them are the
// pods. Grace tells how long a finding may last, and 0 for one that may heal at
// any time; nil stands for that of the finding. Tell, if set, is told what nodes
// do for each of the workloads, whenever that changes.
func Watch(ctx context.Context, client typedcorev1.CoreV1Interface, workloads []*unstructured.Unstructured, grace func(Finding) time.Duration, tell func(Activity)) []Stuck {
	if grace == nil {
		grace = func(f Finding) time.Duration { return f.Grace }
	}
	w := &watch{client: client, changed: make(chan struct{}, 1), symptoms: symptoms{grace: grace}, activities: activities{tell, map[int]string{}, map[int]string{}}}
	for _, workload := range workloads {
		if subject, hasPods := subjectOf(workload); hasPods {
			w.subjects = append(w.subjects, subject)
		}
	}
	watching, stop := context.WithCancel(ctx)
	var views sync.WaitGroup
	defer views.Wait()
	defer stop()
	w.views = w.open()
	for _, view := range w.views {
		views.Go(func() { view.run(watching) })
	}
	return w.wait(ctx)
}

// watch is what is known while watching.
type watch struct {
	client     typedcorev1.CoreV1Interface
	subjects   []subject
	views      map[string]*view
	symptoms   symptoms
	activities activities
	// changed has something in it when there is something new to see.
	changed chan struct{}
}

// open makes a view of each namespace, narrow where one workload is watched.
func (w *watch) open() map[string]*view {
	members := map[string][]subject{}
	for _, subject := range w.subjects {
		namespace := subject.workload.GetNamespace()
		members[namespace] = append(members[namespace], subject)
	}
	views := map[string]*view{}
	for namespace, subjects := range members {
		views[namespace] = newView(w.client, namespace, subjects, w.tell)
	}
	return views
}

// tell wakes up the wait; several changes may wake it once.
func (w *watch) tell() {
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// wait looks whenever something changes, and when a grace ends.
func (w *watch) wait(ctx context.Context) []Stuck {
	timer := time.NewTimer(never)
	defer timer.Stop()
	for {
		overdue, next := w.symptoms.enter(time.Now(), w.look())
		if len(overdue) > 0 {
			stuck := w.confirm(ctx, overdue)
			switch {
			case ctx.Err() != nil:
				return nil
			case len(stuck) > 0:
				return stuck
			}
			w.symptoms.excuse(time.Now(), overdue)
			continue
		}
		timer.Reset(next)
		select {
		case <-ctx.Done():
			return nil
		case <-w.changed:
		case <-timer.C:
		}
	}
}

// look returns the symptoms of each workload.
func (w *watch) look() []entry {
	for _, view := range w.views {
		view.refresh()
	}
	var entries []entry
	seen := make([]Evidence, len(w.subjects))
	found := make([][]symptom, len(w.subjects))
	for i, subject := range w.subjects {
		seen[i] = w.views[subject.workload.GetNamespace()].evidence(subject)
		found[i] = seen[i].look()
	}
	pulls := w.pulls()
	for i := range found {
		if !slices.ContainsFunc(found[i], symptom.runs) {
			delete(w.activities.read, i)
		}
		if what, pulling := seen[i].activity(pulls, found[i]); seen[i].Workload != nil {
			w.activities.say(time.Now(), i, w.subjects[i].workload, what, pulling)
		}
		heard := w.views[w.subjects[i].workload.GetNamespace()].heard
		again := slices.ContainsFunc(seen[i].failures(), func(failure corev1.Event) bool { return heard[failure.UID] })
		for _, symptom := range found[i] {
			entries = append(entries, entry{
				key:     key{i, symptom.uid, symptom.Container, symptom.kind},
				symptom: symptom,
				heard:   again,
				excused: symptom.server != "" && w.starts(symptom.server, i, seen, found),
			})
		}
	}
	return entries
}

// pulls returns the pulls of all namespaces: nodes pull for all of them.
func (w *watch) pulls() map[place]*pull {
	var events []*corev1.Event
	waits := map[place]bool{}
	for _, view := range w.views {
		for i := range view.all {
			if pullReasons[view.all[i].Reason] {
				events = append(events, &view.all[i])
			}
		}
		for _, object := range view.pods.GetStore().List() {
			if pod, ok := object.(*corev1.Pod); ok {
				for _, at := range awaitsImages(pod) {
					waits[at] = true
				}
			}
		}
	}
	return pullsOf(events, waits)
}

// starts reports whether something else in a namespace still starts, so that a
// webhook there may yet come. What waits for a webhook itself does not count.
func (w *watch) starts(namespace string, but int, seen []Evidence, found [][]symptom) bool {
	for i, subject := range w.subjects {
		if i == but || subject.workload.GetNamespace() != namespace {
			continue
		}
		waits := slices.ContainsFunc(found[i], func(s symptom) bool { return s.kind == createKind })
		if pods, known := wanted(subject.workload); !waits && !(known && pods == 0) && !seen[i].anyReady() {
			return true
		}
	}
	return false
}

// confirm asks for everything about the workloads that seem to be stuck: an
// autoscaler may be at work, or a log may tell more. One of which the server
// tells nothing is not stuck for now, and holds the others up for a bounded time.
func (w *watch) confirm(ctx context.Context, overdue map[key]bool) []Stuck {
	all := make([]Stuck, len(w.subjects))
	found := make([][]symptom, len(w.subjects))
	var group errgroup.Group
	group.SetLimit(confirmed)
	for i, subject := range w.subjects {
		if !slices.ContainsFunc(keys(overdue), func(k key) bool { return k.workload == i }) {
			continue
		}
		group.Go(func() error {
			ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
			defer cancel()
			evidence := Evidence{Workload: subject.workload, watched: true}
			evidence.gather(ctx, w.client)
			found[i] = evidence.look()
			if slices.ContainsFunc(found[i], func(s symptom) bool {
				return w.symptoms.grace(s.Finding) > 0 && overdue[key{i, s.uid, s.Container, s.kind}]
			}) {
				all[i] = Stuck{Workload: subject.workload, Findings: merged(slices.Clone(found[i]))}
			}
			return nil
		})
	}
	_ = group.Wait() // none of them fails
	for i := range found {
		w.activities.note(i, found[i])
	}
	return slices.DeleteFunc(all, func(one Stuck) bool { return one.Workload == nil })
}
