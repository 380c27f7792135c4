package diagnose

import (
	"cmp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// place is a container of a pod.
type place struct {
	pod       types.UID
	container string
}

// pull is an image that the kubelet of a node has begun to pull.
type pull struct {
	place
	node, image string
	// waits is set where it waits until another has been pulled.
	waits bool
}

// pullReasons are the events with which pulls begin and end.
var pullReasons = map[string]bool{"Pulling": true, "Pulled": true, "Failed": true, "Created": true, "BackOff": true}

// pullsOf returns the pulls under way by their containers. The kubelet says that it
// pulls an image when it puts it in its queue, and by default it pulls one after
// the other: the first that has not ended is the one that it pulls. A node where
// a later pull ends before an earlier one pulls several at once. Pulls for what
// does not wait for an image any more, as its pod is gone, do not count.
func pullsOf(events []*corev1.Event, waits map[place]bool) map[place]*pull {
	events = slices.DeleteFunc(slices.Clone(events), func(event *corev1.Event) bool {
		return !waits[place{event.InvolvedObject.UID, containerOf(event)}] && event.Reason == "Pulling"
	})
	slices.SortStableFunc(events, inOrder)
	var open []*pull
	parallel := map[string]bool{}
	for _, event := range events {
		at := place{event.InvolvedObject.UID, containerOf(event)}
		before := slices.IndexFunc(open, func(p *pull) bool { return p.place == at })
		switch {
		case event.Reason == "Pulling" && before < 0:
			open = append(open, &pull{place: at, node: nodeOf(event), image: quoted(event.Message)})
		case event.Reason != "Pulling" && before >= 0:
			ended := open[before]
			open = slices.Delete(open, before, before+1)
			if overtaken := firstOn(ended.node, open[:before]); overtaken != nil && overtaken.image != ended.image && event.Reason == "Pulled" {
				parallel[ended.node] = true
			}
		}
	}
	pulls := map[place]*pull{}
	for _, p := range open {
		// One image for two containers is pulled once.
		p.waits = !parallel[p.node] && firstOn(p.node, open).image != p.image
		pulls[p.place] = p
	}
	return pulls
}

func firstOn(node string, pulls []*pull) *pull {
	for _, p := range pulls {
		if p.node == node {
			return p
		}
	}
	return nil
}

// inOrder sorts events as they happened; their times are in whole seconds.
func inOrder(a, b *corev1.Event) int {
	later, err := resourceversion.CompareResourceVersion(a.ResourceVersion, b.ResourceVersion)
	if err != nil {
		later = 0
	}
	return cmp.Or(happened(a).Compare(happened(b)), later)
}

// nodeOf returns the node whose kubelet an event is from.
func nodeOf(event *corev1.Event) string { return cmp.Or(event.Source.Host, event.ReportingInstance) }

// quoted returns what stands in quotes: Pulling image "web:1".
func quoted(message string) string {
	_, rest, _ := strings.Cut(message, `"`)
	image, _, _ := strings.Cut(rest, `"`)
	return image
}
