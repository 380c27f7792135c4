package addons

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	_ "github.com/prometheus/prometheus/discovery/kubernetes" // knows kubernetes_sd_configs
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
)

// jobs has Prometheus load its configuration.
func jobs(t *testing.T) map[string]*config.ScrapeConfig {
	t.Helper()
	loaded, err := config.LoadFile(folder+"/prometheus/prometheus.yml", false, promslog.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	scraped, err := loaded.GetScrapeConfigs()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*config.ScrapeConfig{}
	for _, job := range scraped {
		found[job.JobName] = job
	}
	return found
}

// TestJobs finds the jobs that dashboards name.
func TestJobs(t *testing.T) {
	found := jobs(t)
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, []string{"istiod", "pods", "prometheus"}) {
		t.Errorf("got %q", got)
	}
	named := 0
	for _, selector := range selectors(t) {
		for _, matcher := range selector.LabelMatchers {
			if matcher.Name != "job" {
				continue
			}
			named++
			if found[matcher.Value] == nil {
				t.Errorf("there is no job %s", matcher)
			}
		}
	}
	if named == 0 {
		t.Error("no dashboard names a job")
	}
}

const (
	annotation = "__meta_kubernetes_pod_annotation_prometheus_io_"
	podLabel   = "__meta_kubernetes_pod_label_"
	portNumber = "__meta_kubernetes_pod_container_port_number"
)

// TestTargets has Prometheus relabel what its discovery tells of pods.
func TestTargets(t *testing.T) {
	sidecar := map[string]string{annotation + "scrape": "true", annotation + "port": "15020", annotation + "path": "/stats/prometheus"}
	found := jobs(t)
	for _, test := range []struct {
		name, job string
		pod       map[string]string
		want      string
	}{
		{"a pod with a sidecar", "pods", sidecar, "http://10.0.0.7:15020/stats/prometheus"},
		{"another of its ports", "pods", with(sidecar, "__address__", "10.0.0.7:9080"), "http://10.0.0.7:15020/stats/prometheus"},
		{"a pod without ports", "pods", with(sidecar, "__address__", "10.0.0.7"), "http://10.0.0.7:15020/stats/prometheus"},
		{"IPv6", "pods", with(sidecar, "__address__", "[fd00::7]:80", "__meta_kubernetes_pod_ip", "fd00::7"), "http://[fd00::7]:15020/stats/prometheus"},
		{"only scrape", "pods", map[string]string{annotation + "scrape": "true"}, "http://10.0.0.7:80/metrics"},
		{"another scheme", "pods", with(sidecar, annotation+"scheme", "https"), "https://10.0.0.7:15020/stats/prometheus"},
		{"no such scheme", "pods", with(sidecar, annotation+"scheme", "gopher"), "http://10.0.0.7:15020/stats/prometheus"},
		{"not asked for", "pods", nil, ""},
		{"refused", "pods", with(sidecar, annotation+"scrape", "false"), ""},
		{"a Job that is done", "pods", with(sidecar, "__meta_kubernetes_pod_phase", "Succeeded"), ""},
		{"istiod, which has a job of its own", "pods", with(sidecar, podLabel+"app", "istiod"), ""},
		{"istiod's metrics", "istiod", map[string]string{"__address__": "10.0.0.7:15014", portNumber: "15014"}, "http://10.0.0.7:15014/metrics"},
		{"istiod's other ports", "istiod", map[string]string{"__address__": "10.0.0.7:15017", portNumber: "15017"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := url(target(found[test.job], test.pod)); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestTargetLabels keeps what tells pods apart, and takes a pod's older label
// for the name of its application, as Istio does.
func TestTargetLabels(t *testing.T) {
	for _, test := range []struct {
		name string
		pod  map[string]string
		want map[string]string
	}{
		{"both labels", map[string]string{podLabel + "app": "reviews", podLabel + "app_kubernetes_io_name": "bookinfo", podLabel + "version": "v2"},
			map[string]string{"app": "reviews", "version": "v2", "namespace": "bookinfo", "pod": "reviews-1"}},
		{"today's label", map[string]string{podLabel + "app_kubernetes_io_name": "kiali"},
			map[string]string{"app": "kiali", "namespace": "bookinfo", "pod": "reviews-1"}},
		{"none", nil, map[string]string{"namespace": "bookinfo", "pod": "reviews-1"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := map[string]string{}
			target(jobs(t)["pods"], with(test.pod, annotation+"scrape", "true")).Range(func(label labels.Label) {
				if label.Name[0] != '_' {
					got[label.Name] = label.Value
				}
			})
			if !maps.Equal(got, test.want) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// with gives a copy with pairs set.
func with(pod map[string]string, pairs ...string) map[string]string {
	changed := maps.Clone(pod)
	if changed == nil {
		changed = map[string]string{}
	}
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i]] = pairs[i+1]
	}
	return changed
}

// target gives the labels of a pod's target, or none if it is dropped.
func target(job *config.ScrapeConfig, pod map[string]string) labels.Labels {
	builder := labels.NewBuilder(labels.FromMap(map[string]string{
		"__address__": "10.0.0.7:80", "__scheme__": job.Scheme, "__metrics_path__": job.MetricsPath,
		"__meta_kubernetes_namespace": "bookinfo", "__meta_kubernetes_pod_name": "reviews-1",
		"__meta_kubernetes_pod_ip": "10.0.0.7", "__meta_kubernetes_pod_phase": "Running",
	}))
	for name, value := range pod {
		builder.Set(name, value)
	}
	if !relabel.ProcessBuilder(builder, job.RelabelConfigs...) {
		return labels.EmptyLabels()
	}
	return builder.Labels()
}

func url(target labels.Labels) string {
	if target.IsEmpty() {
		return ""
	}
	return fmt.Sprintf("%s://%s%s", target.Get("__scheme__"), target.Get("__address__"), target.Get("__metrics_path__"))
}
