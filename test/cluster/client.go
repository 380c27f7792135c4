package cluster

import (
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// RESTConfig reads a kubeconfig for a client that is not throttled and goes on
// working when the files of the cluster are gone.
func RESTConfig(kubeconfig string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	if err := rest.LoadTLSFiles(config); err != nil {
		return nil, err
	}
	// client-go would read the files again for as long as this process lives.
	config.CAFile, config.CertFile, config.KeyFile = "", "", ""
	return config, nil
}
