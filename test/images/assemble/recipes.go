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
	env        []string
	folder     string
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
}
