package node

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	nodeName     = "node"
	serviceRange = "10.96.0.0/16"
	podRange     = "10.244.0.0/16"
	dnsAddress   = "10.96.0.10"
	// registryAddress is where containerd finds all registries.
	registryAddress = "127.0.0.1:5000"
)

// service is a process of the node, which is started again when it ends.
type service struct {
	Name    string
	Command []string
	// AfterAPI services are started once the API server is ready; they would
	// give up otherwise.
	AfterAPI bool
}

// services are the processes of the node, in the order of their start.
func (n *Node) services() []service {
	api := []string{
		"--etcd-servers=http://127.0.0.1:2379", "--cert-dir=" + n.path("certificates"), "--secure-port=6443",
		"--bind-address=0.0.0.0", "--advertise-address=" + n.link.node(),
		"--token-auth-file=" + n.path("tokens.csv"), "--authorization-mode=Node,RBAC",
		"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + n.path("accounts.key"),
		"--service-account-signing-key-file=" + n.path("accounts.key"), "--service-cluster-ip-range=" + serviceRange,
		"--allow-privileged", "--kubelet-preferred-address-types=InternalIP",
	}
	controllers := []string{
		"--kubeconfig=" + n.Kubeconfig, "--service-account-private-key-file=" + n.path("accounts.key"),
		"--root-ca-file=" + n.path("certificates/apiserver.crt"), "--use-service-account-credentials", "--leader-elect=false",
		"--allocate-node-cidrs", "--cluster-cidr=" + podRange,
	}
	return []service{
		n.kubernetes("etcd", false, "--data-dir="+n.path("etcd"), "--unsafe-no-fsync",
			"--listen-client-urls=http://127.0.0.1:2379", "--advertise-client-urls=http://127.0.0.1:2379", "--listen-peer-urls=http://127.0.0.1:2380"),
		n.kubernetes("kube-apiserver", false, api...),
		{Name: "registry", Command: []string{
			filepath.Join(n.programs.Images, "registry"), "-images=" + n.programs.Images, "-listen=" + registryAddress,
			"-rate=" + strconv.FormatFloat(n.Rate, 'f', -1, 64),
		}},
		{Name: "containerd", Command: []string{filepath.Join(n.programs.Containerd, "containerd"), "--config=" + n.path("containerd.toml")}},
		n.kubernetes("kube-controller-manager", true, controllers...),
		n.kubernetes("kube-scheduler", true, "--kubeconfig="+n.Kubeconfig, "--leader-elect=false"),
		n.kubernetes("kubelet", true, "--config="+n.path("kubelet.yaml"), "--kubeconfig="+n.path("kubelet.kubeconfig"),
			"--hostname-override="+nodeName, "--node-ip="+n.link.node(), "--root-dir="+n.path("kubelet"), "--cert-dir="+n.path("certificates")),
		// Containers share the machine's connection tracking, whose size nobody may
		// change from here.
		n.kubernetes("kube-proxy", true, "--kubeconfig="+n.Kubeconfig, "--proxy-mode=iptables", "--cluster-cidr="+podRange,
			"--hostname-override="+nodeName, "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0", "--conntrack-tcp-timeout-close-wait=0"),
	}
}

func (n *Node) kubernetes(program string, afterAPI bool, arguments ...string) service {
	return service{program, append([]string{filepath.Join(n.programs.Kubernetes, program)}, arguments...), afterAPI}
}

// files are the services' configuration.
func (n *Node) files(adminToken, nodeToken string) map[string]string {
	return map[string]string{
		"tokens.csv": fmt.Sprintf("%s,admin,admin,system:masters\n%s,system:node:%s,node,system:nodes\n", adminToken, nodeToken, nodeName),
		"kubeconfig": n.kubeconfig(adminToken), "kubelet.kubeconfig": n.kubeconfig(nodeToken),
		"containerd.toml": n.containerdConfig(), "kubelet.yaml": n.kubeletConfig(),
		"registries/_default/hosts.toml": fmt.Sprintf("[host.%q]\ncapabilities = [\"pull\", \"resolve\"]\n", "http://"+registryAddress),
		"network/10-bridge.conflist":     n.networkConfig(),
	}
}

func (n *Node) kubeconfig(token string) string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
clusters: [{name: %[1]s, cluster: {server: "https://%[2]s:6443", certificate-authority: %[3]q}}]
users: [{name: %[1]s, user: {token: %[4]s}}]
contexts: [{name: %[1]s, context: {cluster: %[1]s, user: %[1]s}}]
current-context: %[1]s
`, n.Name, n.link.node(), n.path("certificates/apiserver.crt"), token)
}

// containerdConfig has containerd pull all images from the node's registry, and
// keep out of folders that are the machine's.
func (n *Node) containerdConfig() string {
	replaced := strings.NewReplacer("DIR", n.dir, "PLUGINS", n.programs.Containerd)
	return replaced.Replace(`version = 3
root = "DIR/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"]
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "registry.k8s.io/pause:3.10"
[plugins."io.containerd.cri.v1.images".registry]
config_path = "DIR/registries"
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["PLUGINS"]
conf_dir = "DIR/network"
`)
}

func (n *Node) kubeletConfig() string {
	return fmt.Sprintf(`kind: KubeletConfiguration
apiVersion: kubelet.config.k8s.io/v1beta1
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
clusterDNS: [%s]
clusterDomain: cluster.local
resolvConf: ""
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /%s
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
localStorageCapacityIsolation: false
evictionHard: {memory.available: 100Mi}
serializeImagePulls: %t
podLogsDir: %s
`, dnsAddress, n.link.name, !n.ParallelPulls, n.path("pods"))
}

func (n *Node) networkConfig() string {
	return fmt.Sprintf(`{"cniVersion": "1.0.0", "name": "pods", "plugins": [
  {"type": "bridge", "bridge": "pods", "isGateway": true, "ipMasq": true, "hairpinMode": true, "ipam": {
    "type": "host-local", "dataDir": %q, "ranges": [[{"subnet": "10.244.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`, n.path("addresses"))
}
