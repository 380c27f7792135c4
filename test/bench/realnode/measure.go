package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/cluster"
	"github.com/kubectl-istio-demo/kubectl-istio-demo/test/node"
)

const (
	// limit is how long a tool may take, the mesh and the sample together.
	limit = 15 * time.Minute
	// interval is how often is looked whether a milestone is reached.
	interval = 100 * time.Millisecond
	// expected is how many Deployments the demo has with its addons.
	expected = 7
)

// bench is what all measurements need.
type bench struct {
	programs   node.Programs
	plugin     string
	path       string
	dir        string
	contenders []contender
	started    int
}

func newBench(dir string) (*bench, error) {
	b := &bench{dir: dir, plugin: os.Getenv("PLUGIN")}
	b.programs = node.Programs{Kubernetes: os.Getenv("TOOLS"), Containerd: os.Getenv("CONTAINERD"), Images: os.Getenv("IMAGES")}
	folder := os.Getenv("HELM")
	if b.plugin == "" || b.programs.Kubernetes == "" || b.programs.Containerd == "" || b.programs.Images == "" || folder == "" {
		return nil, errors.New("PLUGIN, TOOLS, CONTAINERD, IMAGES and HELM are not set: run make bench-node")
	}
	b.path = strings.Join([]string{filepath.Dir(b.plugin), b.programs.Kubernetes, folder, "/usr/bin", "/bin"}, string(os.PathListSeparator))
	var err error
	b.contenders, err = b.newContenders()
	return b, err
}

// measure has a contender install twice, each time on a fresh cluster whose node
// pulls images at a rate in MB/s, or has them already if that is 0: the demo with
// its addons, and then what leads to a page of Bookinfo.
func (b *bench) measure(ctx context.Context, c contender, rate float64) (timing, error) {
	found := timing{Tool: c.name, Rate: rate}
	err := b.install(ctx, c.demo, rate, &found, func() bool { return found.Mesh > 0 && found.All > 0 })
	if err != nil {
		return found, err
	}
	page := timing{Tool: c.name, Rate: rate}
	err = b.install(ctx, c.page, rate, &page, func() bool { return page.Page > 0 })
	found.Page = page.Page
	return found, err
}

// install runs the steps on a fresh cluster until all is reached that is waited
// for.
func (b *bench) install(ctx context.Context, steps [][]string, rate float64, found *timing, reached func() bool) (err error) {
	b.started++
	n := node.New(b.programs, b.dir, fmt.Sprintf("bench-%d", b.started))
	n.Rate = rate
	if err := n.Start(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := b.run(ctx, n, []string{"kubectl", "rollout", "status", "deployment/coredns", "-n", "kube-system"}); err != nil {
		return err
	}
	if rate == 0 {
		if err := n.Pull(ctx); err != nil {
			return err
		}
	}
	watcher, err := newWatcher(n)
	if err != nil {
		return err
	}
	start, failed := time.Now(), make(chan error, 1)
	go func() {
		for _, step := range steps {
			if err := b.run(ctx, n, step); err != nil {
				failed <- err
				break
			}
		}
		close(failed)
	}()
	if err := watcher.await(ctx, start, found, reached, failed); err != nil {
		return err
	}
	cancel() // what comes after the milestones does not count
	for range failed {
	}
	return nil
}

// run runs a command as a person with this cluster would.
func (b *bench) run(ctx context.Context, n *node.Node, step []string) error {
	command := exec.CommandContext(ctx, "env", append([]string{"PATH=" + b.path, "KUBECONFIG=" + n.Kubeconfig, "HOME=" + b.dir}, step...)...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(step, " "), err, output)
	}
	return nil
}

// watcher looks at a cluster from outside, the same way for all tools.
type watcher struct {
	client  kubernetes.Interface
	address string
	http    http.Client
}

func newWatcher(n *node.Node) (*watcher, error) {
	config, err := cluster.RESTConfig(n.Kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	return &watcher{client, n.Address(), http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}}, nil
}

// await notes when each milestone is reached, and returns when all are that are
// waited for.
func (w *watcher) await(ctx context.Context, start time.Time, found *timing, reached func() bool, failed <-chan error) error {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for !reached() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("not all is reached: %s: %w", found, ctx.Err())
		case err, is := <-failed:
			if is {
				return err
			}
			failed = nil
			continue
		case <-ticker.C:
		}
		list, err := w.client.AppsV1().Deployments(namespace).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
		if err != nil {
			continue // the API server has much to do
		}
		available := map[string]bool{}
		for _, deployment := range list.Items {
			available[deployment.Name] = isAvailable(&deployment)
		}
		if found.Mesh == 0 && available["istiod"] && available["istio-ingressgateway"] && available["istio-egressgateway"] {
			found.Mesh = time.Since(start).Seconds()
		}
		ready := 0
		for _, is := range available {
			if is {
				ready++
			}
		}
		if found.All == 0 && ready == expected {
			found.All = time.Since(start).Seconds()
		}
		if found.Page == 0 && available["istio-ingressgateway"] && w.page(ctx) {
			found.Page = time.Since(start).Seconds()
		}
	}
	return nil
}

func isAvailable(deployment *appsv1.Deployment) bool {
	for _, condition := range deployment.Status.Conditions {
		if condition.Type == appsv1.DeploymentAvailable && deployment.Status.ObservedGeneration == deployment.Generation {
			return condition.Status == "True"
		}
	}
	return false
}

// page tells whether Bookinfo answers through the gateway.
func (w *watcher) page(ctx context.Context) bool {
	service, err := w.client.CoreV1().Services(namespace).Get(ctx, "istio-ingressgateway", metav1.GetOptions{ResourceVersion: "0"})
	if err != nil {
		return false
	}
	for _, port := range service.Spec.Ports {
		if port.Name != "http2" {
			continue
		}
		response, err := w.http.Get(fmt.Sprintf("http://%s:%d/productpage", w.address, port.NodePort))
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	}
	return false
}

// bytes are the sizes of the images, as they are pulled.
func (b *bench) bytes() (sizes, error) {
	var found sizes
	names, err := exec.Command(b.plugin, "images").Output()
	if err != nil {
		return found, err
	}
	layers := map[string]int64{}
	var index struct {
		Manifests []struct {
			Digest      string
			Annotations map[string]string
		}
	}
	if err := b.read("index.json", &index); err != nil {
		return found, err
	}
	for name := range strings.FieldsSeq(string(names)) {
		for _, entry := range index.Manifests {
			if entry.Annotations["org.opencontainers.image.ref.name"] != name {
				continue
			}
			var image struct {
				Layers []struct {
					Digest string
					Size   int64
				}
			}
			if err := b.read(filepath.Join("blobs", strings.Replace(entry.Digest, ":", "/", 1)), &image); err != nil {
				return found, err
			}
			for _, layer := range image.Layers {
				if _, counted := layers[layer.Digest]; counted {
					continue
				}
				layers[layer.Digest] = layer.Size
				found.All += layer.Size
				if strings.HasPrefix(name, hub) {
					found.Mesh += layer.Size
				}
			}
		}
	}
	return found, nil
}

// read reads a file of the images' folder.
func (b *bench) read(name string, into any) error {
	content, err := os.ReadFile(filepath.Join(b.programs.Images, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}
