package report

import "fmt"

// Words are what the tables say in one language.
type Words struct {
	Operations map[Operation]string

	// Measured takes the date, the processor, the cores, the memory, the
	// system, the versions of the server, of Istio and of the program, and
	// the load.
	Measured string
	// Rounds takes the rounds and the objects.
	Rounds string

	Picture, Notes, Failures                                           string
	Medians, Goal, OursColumn, TheirsColumn                            string
	Ratio, Wanted, Reached, Stretch, Yes, No, Unmeasured               string
	TheirsByOurs, OursByTheirs                                         string
	Against, BestPeer                                                  string
	Cost, Peak, Requests, Sent, Received, Connections                  string
	ScaleRounds, ScaleNotes, ScaleLimit, Objects, Time, Linear, Faster string
	During, Idle, Get, List, Samples, Pods, First, Last                string
	Least, Bare, UntilServed, UntilRunning, LeastNotes                 string
	// NorBare takes the ratio that bare requests reach.
	NorBare string
}

func (w Words) circumstances(c Circumstances) string {
	return fmt.Sprintf(w.Measured, c.Date.Format("2006-01-02"), c.Machine.Processor, c.Machine.Cores, c.Machine.MemoryGB,
		c.Machine.System, c.Kubernetes, c.Istio, c.Program, c.Machine.Load)
}

func (w Words) verdict(reached bool) string {
	if reached {
		return w.Yes
	}
	return w.No
}

// became gives the verdict on a goal, and what bare requests reach if it is out
// of their reach, too.
func (w Words) became(verdict Verdict) string {
	text := w.verdict(verdict.Reached)
	if verdict.Least > 0 && verdict.Least < verdict.AtLeast {
		text += fmt.Sprintf(w.NorBare, verdict.Least)
	}
	return text
}

// English are the words of README.md and docs/benchmarks.md.
var English = Words{
	Operations: map[Operation]string{
		Install:   "install to ready",
		Again:     "install, nothing to do",
		Uninstall: "uninstall",
		PodsWarm:  "pods, cache warm",
		PodsCold:  "pods, cache empty",
	},
	Measured:     "Measured on %s on %s, %d cores, %d GB, %s, against Kubernetes %s with Istio %s and version %s of the plugin; load average before the run: %.1f.",
	Rounds:       "Medians of %d rounds; in each, the tools take turns, each on a fresh control plane. All tools install the same %d objects, the demo profile without addons.",
	Picture:      "time to install, install again, uninstall and show the pods, by tool and round-trip time",
	Failures:     "Failures:",
	Medians:      "median",
	Goal:         "goal",
	OursColumn:   "ours",
	TheirsColumn: "theirs",
	Ratio:        "ratio",
	Wanted:       "wanted",
	Reached:      "reached",
	Stretch:      "(stretch)",
	Yes:          "reached",
	No:           "**not reached**",
	Unmeasured:   "**not measured**",
	TheirsByOurs: "theirs / ours",
	OursByTheirs: "ours / theirs",
	Against:      "%s, against %s",
	BestPeer:     "the fastest of the others, %s",
	Cost:         "at %d ms RTT",
	Peak:         "peak memory",
	Requests:     "requests",
	Sent:         "sent",
	Received:     "received",
	Connections:  "connections",
	Notes: `Times are wall times of the commands as typed: ours include the start of kubectl, which finds the plugin. The last column of pods leaves kubectl out, and the goals for pods refer to it. A factor in brackets compares with ours. A proxy adds the round-trip time (RTT) to the handshake and to both directions; it does not limit bandwidth.

- kwok simulates the nodes; pods are ready within a second of their creation. This is a floor for all tools.
- ` + "`kubectl apply`" + ` gets one file that begins with the namespace, then ` + "`kubectl wait --for=condition=Available deployment --all`" + `; ` + "`kubectl delete -f`" + ` deletes it, whichever way it was applied. helm has four releases (base, istiod, both gateways), each with ` + "`helm install --wait`" + `, and installs again with ` + "`helm upgrade --wait`" + `.
- ` + "`istioctl uninstall --purge`" + ` and helm keep the CRDs and the namespace, and istioctl does not wait for the deletion of the rest. Ours deletes the CRDs, too, and waits; here it keeps the namespace, which existed before. kubectl deletes everything and waits. Deleting a namespace takes five seconds with every tool.
- Memory is the largest peak among the processes of an operation, kubectl's start included for ours. Sent and received are bytes on the network, with TLS and compression. Requests are counted in a separate run.`,
	Least:        "lower bound of an install",
	Bare:         "bare requests",
	UntilServed:  "until ready, CRDs served",
	UntilRunning: "until ready",
	NorBare:      " (bare requests reach %.2f)",
	LeastNotes:   `Bare requests measure the API server's share of an install: a program sends the same objects, encoded beforehand, all at once over one connection with server-side apply, and watches. It renders nothing, checks nothing, and keeps no inventory for prune or uninstall. A factor in brackets compares with bare requests. A goal that bare requests miss is out of reach for any client with these objects on this machine.`,
	ScaleLimit:   "`kubectl apply` was not run with more than %d objects, because it takes minutes.",
	ScaleRounds:  "Medians of %d rounds, each install on a fresh control plane: ConfigMaps, Services, ServiceAccounts, Roles and a few Deployments in 50 namespaces.",
	Objects:      "objects",
	Time:         "time",
	Linear:       "from %d to %d objects, %s: no worse than linearly",
	Faster:       "%d objects, against %s",
	During:       "latency of another client",
	Idle:         "idle server",
	Get:          "get",
	List:         "list",
	Samples:      "requests",
	Pods:         "%d pods",
	First:        "first row",
	Last:         "last row",
	ScaleNotes: `` + "`kubectl apply`" + ` does not wait for readiness, and in the comparison neither does ours (` + "`--wait=false`" + `); the last column includes the wait. That wait is for kube-controller-manager, which sends at most 20 requests a second and creates a ServiceAccount and a ConfigMap in each new namespace before it gets to the Deployments. The other client has no added RTT.

The other client has its own user and connection, and gets a ConfigMap or lists those of a namespace every 50 ms; latency counts from the time at which the request was due. It shares the machine with everything else, so it also waits for the processor.`,
}

// Chinese are those of their translations.
var Chinese = Words{
	Operations: map[Operation]string{
		Install:   "安装到就绪",
		Again:     "再次安装（无改动）",
		Uninstall: "卸载",
		PodsWarm:  "Pod 列表，缓存已有",
		PodsCold:  "Pod 列表，缓存为空",
	},
	Measured:     "测量于 %s，机器为 %s，%d 核，%d GB 内存，%s；Kubernetes %s，Istio %s，插件版本 %s；测量前的平均负载为 %.1f。",
	Rounds:       "取 %d 轮的中位数；每一轮中各工具轮流执行，每次都在全新的控制平面上。所有工具安装同样的 %d 个对象，即不含 addon 的 demo 配置。",
	Picture:      "按工具和往返时间列出的安装、再次安装、卸载和显示 Pod 的用时",
	Failures:     "失败：",
	Medians:      "中位数",
	Goal:         "目标",
	OursColumn:   "我们",
	TheirsColumn: "对方",
	Ratio:        "比值",
	Wanted:       "要求",
	Reached:      "是否达到",
	Stretch:      "（更高的目标）",
	Yes:          "达到",
	No:           "**未达到**",
	Unmeasured:   "**未测量**",
	TheirsByOurs: "对方 / 我们",
	OursByTheirs: "我们 / 对方",
	Against:      "%s，对比 %s",
	BestPeer:     "其他工具中最快的 %s",
	Cost:         "往返时间 %d ms",
	Peak:         "内存峰值",
	Requests:     "请求数",
	Sent:         "发送",
	Received:     "接收",
	Connections:  "连接数",
	Notes: `时间从外部按实际输入的命令测量：我们的用时包含 kubectl 自身的启动（由它找到插件；Pod 表的最后一列不含，Pod 的目标按这一列判断）。括号中是对方用时与我们的倍数。往返时间由代理产生，它延迟握手和两个方向的数据；带宽不受限制。

- 节点由 kwok 模拟，Pod 创建后一秒内就绪，这是所有工具共同的下限。
- ` + "`kubectl apply`" + ` 使用一个以命名空间开头的文件，然后执行 ` + "`kubectl wait --for=condition=Available deployment --all`" + `；无论哪种方式，都用 ` + "`kubectl delete -f`" + ` 删除。helm 有四个 release（base、istiod 和两个网关），各用 ` + "`helm install --wait`" + ` 安装，用 ` + "`helm upgrade --wait`" + ` 再次安装。
- ` + "`istioctl uninstall --purge`" + ` 和 helm 会保留 CRD 和命名空间，istioctl 也不等待其余对象消失。我们还会删除 CRD 并等待完成；这里命名空间视为事先已有，因此保留。kubectl 删除全部对象并等待完成。无论由谁删除，命名空间都要五秒才会消失。
- 内存是该操作的各进程中最大的峰值，我们的包含 kubectl 自身的启动。发送和接收是网络上的字节数，含 TLS 和压缩。请求数在单独的一次运行中统计。`,
	Least:        "安装的下限",
	Bare:         "裸请求",
	UntilServed:  "直到运行并且 CRD 可用",
	UntilRunning: "直到运行",
	NorBare:      "（裸请求为 %.2f）",
	LeastNotes:   `裸请求是安装中属于 API server 的部分：一个程序预先编码好同样的对象，在一个连接上用 server-side apply 一次全部发送，然后 watch。它不渲染、写入前不检查，也不留下以后清理或卸载所需的任何记录。括号中是其他工具用时与它的倍数。裸请求达不到的，在这台机器上用这些对象，别的客户端也很难达到。`,
	ScaleLimit:   "对象超过 %d 个时没有运行 `kubectl apply`，因为需要数分钟。",
	ScaleRounds:  "取 %d 轮的中位数，每次安装都在全新的控制平面上：50 个命名空间中的 ConfigMap、Service、ServiceAccount、Role 和少量 Deployment。",
	Objects:      "对象数",
	Time:         "用时",
	Linear:       "从 %d 到 %d 个对象，%s：不超过线性增长",
	Faster:       "%d 个对象，对比 %s",
	During:       "另一个客户端的延迟",
	Idle:         "没有安装在进行",
	Get:          "get",
	List:         "list",
	Samples:      "请求数",
	Pods:         "%d 个 Pod",
	First:        "第一行",
	Last:         "最后一行",
	ScaleNotes: `` + "`kubectl apply`" + ` 不等待任何对象运行；与之比较时我们也不等待（` + "`--wait=false`" + `），最后一列是包含等待的用时。那里等待的是 kube-controller-manager：它每秒最多发送 20 个请求，并且要先在每个新命名空间中创建一个 ServiceAccount 和一个 ConfigMap，然后才轮到 Deployment。另一个客户端没有往返时间。

另一个客户端有自己的用户和连接，每 50 毫秒读取一个 ConfigMap 或列出一个命名空间中的 ConfigMap；延迟从请求应当发出的时刻算起。它与其他进程在同一台机器上运行，因此也会等待处理器。`,
}
