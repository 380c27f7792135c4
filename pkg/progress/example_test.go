package progress_test

import (
	"os"
	"time"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/progress"
)

// happened is what an install could tell.
func happened(sink event.Sink) {
	istiod := event.Object{Group: "apps", Kind: "Deployment", Namespace: "istio-system", Name: "istiod"}
	sink(event.Started{What: "Istio 1.31.0 demo", Objects: 1, Namespace: "istio-system", Server: "https://cluster.example.com", DryRun: event.DryRunNone})
	sink(event.Checked{})
	sink(event.WaveStarted{Number: 1, Waves: 1, Title: "workloads and custom resources", Objects: 1})
	sink(event.Applied{Object: istiod, Action: event.Created})
	sink(event.WaveFinished{Number: 1})
	sink(event.AwaitingReadiness{Objects: 1})
	sink(event.Waiting{Object: istiod, Message: "Available: 0/1"})
	sink(event.Ready{Object: istiod})
	sink(event.Finished{Counts: map[event.Action]int{event.Created: 1}, DryRun: event.DryRunNone, Took: 1200 * time.Millisecond})
}

// The method Sink of a printer is what a use case takes as a sink.
func ExampleNewPlain() {
	printer := progress.NewPlain(os.Stdout)
	defer printer.Close()
	happened(printer.Sink)
	// Output:
	// installing Istio 1.31.0 demo in namespace istio-system on https://cluster.example.com (1 object)
	//   checks passed
	//   [1/1] workloads and custom resources: 1 created
	//   waiting for 1 object to become ready
	//   deployment istio-system/istiod: Available: 0/1
	//   deployment istio-system/istiod: ready
	// 1 created, 0 configured, 0 unchanged in 1.2s
}
