package main

// recipe says what an image consists of.
type recipe struct {
	// layers are folders, the lowest first.
	layers []string
	// padding is how many bytes are added that do not get smaller, so that a
	// played image takes as long to pull as the real one.
	padding int64
	// user is a number: a pod that is not to run as root cannot be held to that
	// by a name.
	user       string
	entrypoint []string
	// arguments are those that a container without any has.
	arguments []string
	env       []string
	folder    string
	// archive also writes the image into a file of its own.
	archive bool
}

// recipes are the images by the last part of their names. Users, paths and
// environments are those of the images that have these names elsewhere, as far
// as a manifest or a program counts on them.
var recipes = map[string]recipe{
	"pause":   {layers: []string{"pause"}, user: "65535:65535", entrypoint: []string{"/pause"}, archive: true},
	"coredns": {layers: []string{"coredns"}, user: "0", entrypoint: []string{"/coredns"}, archive: true},

	"pilot":   {layers: []string{"pilot"}, user: "1337:1337", entrypoint: []string{"/usr/local/bin/pilot-discovery"}},
	"proxyv2": {layers: []string{"proxyv2"}, user: "1337:1337", entrypoint: []string{"/usr/local/bin/pilot-agent"}},

	"prometheus": {layers: []string{"prometheus"}, user: "65534", entrypoint: []string{"/bin/prometheus"}, folder: "/prometheus"},
	"jaeger":     {layers: []string{"jaeger"}, user: "10001", entrypoint: []string{"/cmd/jaeger/jaeger-linux"}},
	"go-httpbin": {layers: []string{"go-httpbin"}, user: "1000", entrypoint: []string{"/bin/go-httpbin"}},

	// What is played weighs about what the real ones do: 150 and 60 MB.
	"grafana": {layers: []string{"grafana"}, padding: 147e6, user: "472", entrypoint: []string{"/usr/share/grafana/bin/grafana"}},
	"kiali":   {layers: []string{"kiali"}, padding: 57e6, user: "1001", entrypoint: []string{"/opt/kiali/kiali"}},

	"examples-bookinfo-productpage-v1": service("productpage", "debian", "python").with("PYTHONPATH=/opt/site"),
	"examples-bookinfo-details-v1":     service("details", "debian"),
	"examples-bookinfo-ratings-v1":     service("ratings", "debian").with("SERVICE_VERSION=v1"),
	"examples-bookinfo-reviews-v1":     service("reviews").with("SERVICE_VERSION=v1", "ENABLE_RATINGS=false"),
	"examples-bookinfo-reviews-v2":     service("reviews").with("SERVICE_VERSION=v2", "ENABLE_RATINGS=true"),
	"examples-bookinfo-reviews-v3":     service("reviews").with("SERVICE_VERSION=v3", "ENABLE_RATINGS=true", "STAR_COLOR=red"),
	"examples-helloworld-v1":           service("helloworld", "debian", "python").with("SERVICE_VERSION=v1", "PYTHONPATH=/opt/site"),
	"examples-helloworld-v2":           service("helloworld", "debian", "python").with("SERVICE_VERSION=v2", "PYTHONPATH=/opt/site"),
	"curl":                             {layers: []string{"debian"}, user: "100", entrypoint: []string{"/usr/bin/curl"}},
	"tcp-echo-server":                  {layers: []string{"tcp-echo"}, user: "1000", entrypoint: []string{"/bin/tcp-echo"}, arguments: []string{"9000", "hello"}},
	"ext-authz":                        {layers: []string{"ext-authz"}, user: "1000", entrypoint: []string{"/usr/local/bin/extauthz"}},
	"fortio":                           {layers: []string{"fortio"}, user: "1000", entrypoint: []string{"/usr/bin/fortio"}, folder: "/var/lib/fortio", arguments: []string{"server"}},
}

// service is one of bookinfo's, or helloworld. The program that stands in for it
// where there is no Debian has to be told which it is.
func service(name string, below ...string) recipe {
	return recipe{
		layers:     append(below, name),
		user:       "1000",
		entrypoint: []string{"/opt/microservices/start", name},
		folder:     "/opt/microservices",
	}
}

// with returns the recipe with an environment.
func (r recipe) with(env ...string) recipe {
	r.env = env
	return r
}
