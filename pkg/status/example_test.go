package status_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/status"
)

// Status looks once and does not wait.
func ExampleStatus_Run() {
	demoCluster, err := cluster.Connect(&rest.Config{Host: "https://cluster.example.com"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeoutCause(context.Background(), time.Minute, cluster.ErrTimeout)
	defer cancel()
	look := status.Status{Cluster: demoCluster, Namespace: "istio-system"}
	report, err := look.Run(ctx)
	var none *status.NotInstalledError
	switch {
	case errors.As(err, &none):
		fmt.Println("there is no demo in", none.Namespace)
		return
	case err != nil:
		log.Fatal(err)
	}
	for _, workload := range report.Workloads {
		fmt.Println(workload.Kind, workload.Name, workload.Replicas)
		for _, finding := range workload.Findings {
			fmt.Println("  because of", finding, "try", finding.Next)
		}
	}
}
