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
	// NorBare takes the ratio that bare requests come to.
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

// became tells what became of a goal, and whether anything could reach it.
func (w Words) became(verdict Verdict) string {
	told := w.verdict(verdict.Reached)
	if verdict.Least > 0 && verdict.Least < verdict.AtLeast {
		told += fmt.Sprintf(w.NorBare, verdict.Least)
	}
	return told
}

// English are README's words.
var English = Words{
	Operations: map[Operation]string{
		Install:   "install to ready",
		Again:     "install, nothing to do",
		Uninstall: "uninstall",
		PodsWarm:  "pods, cache warm",
		PodsCold:  "pods, cache empty",
	},
	Measured:     "Measured on %s on %s, %d cores, %d GB, %s, against Kubernetes %s with Istio %s and version %s of the plugin; the load average before was %.1f.",
	Rounds:       "Medians of %d rounds, in which the tools take turns, each on a fresh control plane. The same %d objects for all, those of the demo profile without addons.",
	Picture:      "the times of installing, installing again, uninstalling and showing the pods, by tool and distance",
	Failures:     "What did not work:",
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
	Cost:         "at %d ms",
	Peak:         "peak memory",
	Requests:     "requests",
	Sent:         "sent",
	Received:     "received",
	Connections:  "connections",
	Notes: `Times are those of the commands, from outside, as they are typed: ours have kubectl's own start in them, which finds the plugin (the last column of pods is without, and the goals of pods are about it). In brackets is how many times as long as ours they take. The distance is made by a proxy that delays the handshake and both directions; the bandwidth is not limited.

- kwok plays the nodes and has pods ready within a second after they were made. That is a floor for all of them.
- ` + "`kubectl apply`" + ` gets one file that begins with the namespace, then ` + "`kubectl wait --for=condition=Available deployment --all`" + `; ` + "`kubectl delete -f`" + ` takes it away, whichever way it was applied. helm has four releases (base, istiod, both gateways), each with ` + "`helm install --wait`" + `, and installs again with ` + "`helm upgrade --wait`" + `.
- ` + "`istioctl uninstall --purge`" + ` and helm leave the definitions and the namespace, and istioctl does not wait until the rest is gone. Ours deletes the definitions, too, and waits; here it keeps the namespace, as one that was there before. kubectl deletes everything and waits for it. A namespace takes five seconds to go, whoever deletes it.
- Memory is the most that one of an operation's processes had, for ours kubectl's own start included. Sent and received are bytes on the network, with TLS and compression. Requests were counted in a run of their own.`,
	Least:        "install at the least",
	Bare:         "bare requests",
	UntilServed:  "until it runs and definitions are served",
	UntilRunning: "until it runs",
	NorBare:      " (bare requests come to %.2f)",
	LeastNotes:   `Bare requests are what of an install is the API server's: a program that has the same objects encoded already sends all of them at once over one connection, with server-side apply, and watches. It renders nothing, looks at nothing before it writes, and leaves nothing by which to prune or uninstall. In brackets is how many times as long as that the others take. What they do not come to is hardly to be had by any client with these objects on this machine.`,
	ScaleLimit:   "`kubectl apply` was not run with more than %d objects, because it takes minutes.",
	ScaleRounds:  "Medians of %d rounds, each install on a fresh control plane: ConfigMaps, Services, ServiceAccounts, Roles and a few Deployments in 50 namespaces.",
	Objects:      "objects",
	Time:         "time",
	Linear:       "from %d to %d objects, %s: no worse than linearly",
	Faster:       "%d objects, against %s",
	During:       "another client's latency",
	Idle:         "nothing under way",
	Get:          "get",
	List:         "list",
	Samples:      "requests",
	Pods:         "%d pods",
	First:        "first row",
	Last:         "last row",
	ScaleNotes: `` + "`kubectl apply`" + ` does not wait until anything runs, and neither does ours (` + "`--wait=false`" + `) where it is compared with it; the last column is with the wait. What is waited for there is kube-controller-manager, which sends 20 requests a second at most and has an account and a ConfigMap to make in each new namespace before it comes to the Deployments. The other client is at no distance.

The other client has a user and a connection of its own, and gets a ConfigMap or lists those of a namespace every 50 ms; its latency counts from when the request was due. It runs on the same machine as everything else, so that it also waits for the processor.`,
}

// Chinese are those of README's translation.
var Chinese = Words{
	Operations: map[Operation]string{
		Install:   "安装到就绪",
		Again:     "再次安装（无需改动）",
		Uninstall: "卸载",
		PodsWarm:  "Pod 列表，缓存已有",
		PodsCold:  "Pod 列表，缓存为空",
	},
	Measured:     "测量于 %s，机器为 %s，%d 核，%d GB 内存，%s；Kubernetes %s，Istio %s，插件版本 %s；测量前的平均负载为 %.1f。",
	Rounds:       "取 %d 轮的中位数；每一轮中各工具轮流执行，每次都在全新的控制平面上。所有工具安装同样的 %d 个对象，即不含 addon 的 demo 配置。",
	Picture:      "按工具和往返时间列出的安装、再次安装、卸载和显示 Pod 的用时",
	Failures:     "没有成功的：",
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
	ScaleNotes: `` + "`kubectl apply`" + ` 不等待任何对象运行；与之比较时我们也不等待（` + "`--wait=false`" + `），最后一列是包含等待的用时。那里等待的是 kube-controller-manager：它每秒最多发送 20 个请求，并且要先在每个新命名空间中创建一个账号和一个 ConfigMap，然后才轮到 Deployment。另一个客户端没有往返时间。

另一个客户端有自己的用户和连接，每 50 毫秒读取一个 ConfigMap 或列出一个命名空间中的 ConfigMap；延迟从请求应当发出的时刻算起。它与其他进程在同一台机器上运行，因此也会等待处理器。`,
}
