package uninstall_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"k8s.io/client-go/rest"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/uninstall"
)

// Uninstall finds by the inventory what there is to remove. Confirm sees all
// of it before.
func ExampleUninstall_Run() {
	cluster, err := cluster.Connect(&rest.Config{Host: "https://cluster.example.com"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	uninstall := uninstall.Uninstall{
		Cluster:   cluster,
		Namespace: "istio-system",
		Confirm: func(removal uninstall.Removal) error {
			if len(removal.Removed) > 200 {
				return errors.New("too many objects")
			}
			return nil
		},
	}
	removal, err := uninstall.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(removal.Removed), "objects are gone")
	for _, kept := range removal.Kept {
		fmt.Println(kept.Ref, "stays:", kept.Why)
	}
}
