package cmd

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/cluster"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	// Cloud and OIDC logins of kubeconfigs.
	_ "k8s.io/client-go/plugin/pkg/client/auth"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/event"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/pkg/manifest"
)

// defaultNamespace is Istio's own.
const defaultNamespace = "istio-system"

// connection is the cluster that the kubeconfig flags mean.
type connection struct {
	*genericclioptions.ConfigFlags
	explicitNamespace func() bool
	releaseSignals    func()
	// reporter reports progress on stderr.
	reporter *reporter
	profile  profile
	// printWarnings prints the warnings of the API server.
	printWarnings func()
}

func newConnection(streams genericiooptions.IOStreams) *connection {
	reporter := newReporter(streams)
	flags := genericclioptions.NewConfigFlags(true).WithWarningPrinter(streams)
	*flags.Namespace = defaultNamespace
	warnings := rest.NewWarningWriter(printable{reporter}, rest.WarningWriterOptions{Deduplicate: true})
	flags.WithWrapConfigFn(func(config *rest.Config) *rest.Config {
		config.UserAgent = rest.DefaultKubernetesUserAgent()
		config.WarningHandler = warnings
		config.QPS = -1 // as in demo.Connect
		cluster.SeparateCredentials(config)
		return config
	})
	return &connection{ConfigFlags: flags, reporter: reporter, releaseSignals: func() {}, printWarnings: func() {}}
}

// printable takes a line at a time, of what a server wants to be printed.
type printable struct{ reporter *reporter }

func (p printable) Write(text []byte) (int, error) {
	p.reporter.current().Remark(line(strings.TrimSuffix(string(text), "\n")))
	return len(text), nil
}

func (c *connection) addFlags(root *cobra.Command) {
	c.AddFlags(root.PersistentFlags())
	namespace := root.PersistentFlags().Lookup("namespace")
	namespace.Usage = "Namespace of the demo"
	c.explicitNamespace = func() bool { return namespace.Changed }
}

// preferContextNamespace makes the kubeconfig's namespace the default, as it is
// kubectl's, for what is the user's own and not Istio's. It comes before
// anything else that reads the kubeconfig.
func (c *connection) preferContextNamespace() error {
	if c.explicitNamespace() {
		return nil
	}
	*c.Namespace = ""
	name, _, err := c.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return &kubeconfigError{err}
	}
	*c.Namespace = name
	return nil
}

// checkNamespace refuses what cannot be a namespace's name, and would become
// part of a path.
func (c *connection) checkNamespace() error {
	if wrong := validation.IsDNS1123Label(*c.Namespace); len(wrong) > 0 {
		return &usageError{fmt.Errorf("invalid namespace %q: %s", *c.Namespace, wrong[0])}
	}
	return nil
}

// namespace is where the demo lives.
func (c *connection) namespace() manifest.Namespace {
	return manifest.Namespace{Name: *c.Namespace, Explicit: c.explicitNamespace()}
}

// errNoKubeconfig says that nothing names a cluster.
var errNoKubeconfig = errors.New("no kubeconfig found; set KUBECONFIG or use --kubeconfig")

// errNoContext says that the kubeconfig does not lead to a cluster.
var errNoContext = errors.New("the kubeconfig has no current context with a cluster; use --context, or set one with 'kubectl config use-context'")

// restConfig reads the kubeconfig. Where there is none, client-go would try
// localhost:8080, which is never the cluster that a user means.
func (c *connection) restConfig() (*rest.Config, error) {
	raw, err := c.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return nil, &kubeconfigError{err}
	}
	named := *c.APIServer != "" || os.Getenv("KUBERNETES_MASTER") != ""
	inPod := os.Getenv("KUBERNETES_SERVICE_HOST") != ""
	if api.IsConfigEmpty(&raw) && *c.Context == "" && !named && !inPod {
		return nil, errNoKubeconfig
	}
	config, err := c.ToRESTConfig()
	if err != nil {
		return nil, &kubeconfigError{err}
	}
	if config.Host == clientcmd.ClusterDefaults.Server && !named && !mentions(raw, config.Host) {
		return nil, errNoContext
	}
	return config, nil
}

// mentions reports whether a cluster of the kubeconfig has this address.
func mentions(kubeconfig api.Config, server string) bool {
	for _, cluster := range kubeconfig.Clusters {
		if cluster.Server == server {
			return true
		}
	}
	return false
}

// connect makes the clients; it is called once.
func (c *connection) connect(sink event.Sink) (*cluster.Cluster, error) {
	config, err := c.restConfig()
	if err != nil {
		return nil, err
	}
	connected, err := cluster.Connect(config, sink)
	if err == nil {
		c.printWarnings = func() { connected.TellWarnings(sink) }
	}
	return connected, err
}

// kubeconfigError is a fault of the kubeconfig or of the flags that choose
// from it.
type kubeconfigError struct{ err error }

func (e *kubeconfigError) Error() string {
	message := "cannot use the kubeconfig: " + strings.Join(strings.Fields(e.err.Error()), " ")
	// client-go has no type for this one.
	if strings.HasPrefix(e.err.Error(), "context ") {
		message += "; 'kubectl config get-contexts' lists the contexts"
	}
	return message
}

func (e *kubeconfigError) Unwrap() error { return e.err }
