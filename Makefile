# Everything here needs Go, git and make only. What is built lies in .build,
# which git ignores; nothing but Go's own caches is written to the home.

SHELL := /bin/sh
BUILD := $(CURDIR)/.build
PLUGIN := $(BUILD)/bin/kubectl-istio_demo
# What a tag can be in gets to shells by the environment only, and make does not
# look for variables and functions in it.
ifdef VERSION
override VERSION := $(value VERSION)
else
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
endif
export VERSION

# The tools are built once for each version of what defines them.
TOOLS_KEY := $(shell cat test/tools/go.mod test/tools/go.sum test/tools/build.sh | git hash-object --stdin | cut -c1-12)
TOOLS := $(BUILD)/tools/$(TOOLS_KEY)

# So is the control plane of the oldest Kubernetes that is supported.
OLDEST_KEY := $(shell cat test/oldest/go.mod test/oldest/go.sum test/oldest/build.sh | git hash-object --stdin | cut -c1-12)
OLDEST := $(BUILD)/oldest/$(OLDEST_KEY)

# So is istiod, which only its own tests and clusters with ISTIOD=1 need.
ISTIOD_KEY := $(shell { cat test/istiod/go.mod test/istiod/go.sum test/istiod/build.sh; grep 'Version =' pkg/manifest/chart/chart.go; } | git hash-object --stdin | cut -c1-12)
ISTIOD_FOLDER := $(BUILD)/istiod/$(ISTIOD_KEY)

# And so are Prometheus and Jaeger.
OBSERVERS_KEY := $(shell cat test/observers/*/go.mod test/observers/*/go.sum test/observers/build.sh | git hash-object --stdin | cut -c1-12)
OBSERVERS_FOLDER := $(BUILD)/observers/$(OBSERVERS_KEY)

# So is what a real node runs beside the kubelet.
CONTAINERD_KEY := $(shell cat test/containerd/go.mod test/containerd/go.sum test/containerd/build.sh | git hash-object --stdin | cut -c1-12)
CONTAINERD := $(BUILD)/containerd/$(CONTAINERD_KEY)

# And the images of a real node, which have both in them. What they are called is
# in the manifests, and what is played in them depends on what is installed.
IMAGES_KEY := $(shell { echo $(ISTIOD_KEY) $(OBSERVERS_KEY); find test/images -type f ! -name '*_test.go' | LC_ALL=C sort | xargs cat; \
	grep -h 'image: ' pkg/manifest/sample/manifests/*.yaml; grep 'tag: ' pkg/manifest/addon/addon.go; \
	for tool in debootstrap iptables npm python3; do command -v $$tool; done; id -u; } | git hash-object --stdin | cut -c1-12)
IMAGES := $(BUILD)/images/$(IMAGES_KEY)
DEBIAN := $(BUILD)/debian/$(shell git hash-object test/images/debian.sh | cut -c1-12)

# So is Helm, which only the benchmark needs.
HELM_KEY := $(shell cat test/bench/helm/go.mod test/bench/helm/go.sum test/bench/helm/build.sh | git hash-object --stdin | cut -c1-12)
HELM := $(BUILD)/helm/$(HELM_KEY)

# And what makes a release and tries it.
RELEASE_TOOLS_KEY := $(shell cat test/release/tools/go.mod test/release/tools/go.sum test/release/tools/build.sh | git hash-object --stdin | cut -c1-12)
RELEASE_TOOLS := $(BUILD)/release-tools/$(RELEASE_TOOLS_KEY)

# Which version is released, and of which commit archives are built.
ifdef RELEASE
override RELEASE := $(value RELEASE)
else
RELEASE := $(shell sed -n 's/^  version: //p' plugin.yaml)
endif
COMMIT ?= HEAD
override COMMIT := $(value COMMIT)
export RELEASE COMMIT

# The race detector needs a C compiler. Without one the tests run all the
# same, and .ci/run installs one.
RACE := $(shell command -v gcc >/dev/null 2>&1 && echo -race)

# Which test cluster is meant; several can run at once.
NAME ?= demo
NODES ?= 3
# NODE=real has one real node instead, on which containers run.
NODE ?=
# RATE is how fast a real node pulls images, in MB/s; 0 sets no limit.
RATE ?= 0
ON_NODE := TOOLS=$(TOOLS) CONTAINERD=$(CONTAINERD) IMAGES=$(IMAGES)
CLUSTER := $(ON_NODE) go run ./test/cmd/cluster
KUBECONFIG_FILE := $(BUILD)/clusters/$(NAME)/kubeconfig
ON_CLUSTER := KUBECONFIG=$(KUBECONFIG_FILE) PATH=$(BUILD)/bin:$(TOOLS):$$PATH

# How long each of the fuzz tests looks for new inputs.
FUZZTIME ?= 20s

# Which share of the drawn lots is soaked: 1 is all of them, 5 a fifth.
SOAK ?= 1

# How often the benchmarks measure, and at which round-trip times.
ROUNDS ?= 3
RTTS ?= 0,50,200
# ONLY='kubectl istio-demo,istioctl' measures these, and writes nothing.
ONLY ?=
# At which rates make bench-node pulls images, in MB/s; with 0 the node has them.
RATES ?= 0,10,3
# How many objects and pods make bench-scale has.
SIZES ?= 100,1000,5000
PODS ?= 10000
BENCH := TOOLS=$(TOOLS) PLUGIN=$(PLUGIN) HELM=$(HELM) CLOCK=$(BUILD)/bench/clock $(BUILD)/bench/bench

.PHONY: help build tools oldest node containerd istiod observers images demo demo-steps cluster-up cluster-down test unit oracle values addons e2e e2e-one mesh mesh-tests mesh-one soak bench bench-scale bench-node bench-tables bench-parts bench-tools docs fuzz figures lint release-tools release-archives release-manifest release-test release-draft picture picture-page clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the plugin, into .build/bin
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$$VERSION" -o $(PLUGIN) ./cmd/kubectl-istio_demo

tools: ## the control plane and the peers, from Go modules
	@test/tools/build.sh $(TOOLS)

oldest: ## the control plane of the oldest Kubernetes that is supported, from Go modules
	@test/oldest/build.sh $(OLDEST)

node: containerd images ## what a real node runs

containerd: ## containerd and its network plugins, from Go modules
	@test/containerd/build.sh $(CONTAINERD)

istiod: ## istiod itself, from its Go module
	@test/istiod/build.sh $(ISTIOD_FOLDER)

observers: ## Prometheus and Jaeger, from their Go modules
	@test/observers/build.sh $(OBSERVERS_FOLDER)

images: istiod observers ## the images of a real node, and the registry that it pulls them from
	@test/images/build.sh $(IMAGES) $(ISTIOD_FOLDER) $(OBSERVERS_FOLDER) $(DEBIAN)

demo: build tools ## Istio's demo and a sample on a real cluster, with containers where the machine can run them
	@if $(CLUSTER) realizable; then \
		$(MAKE) --no-print-directory demo-steps NODE=real; \
	else \
		echo 'So the nodes of this demo are simulated, and no container runs.'; \
		$(MAKE) --no-print-directory demo-steps; \
	fi

demo-steps: cluster-up
	@$(ON_CLUSTER) NODE=$(NODE) IMAGES=$(IMAGES) test/demo.sh
	@echo
	@echo 'The cluster goes on running; make cluster-down stops it. To use it:'
	@echo '  export KUBECONFIG=$(KUBECONFIG_FILE)'
	@echo '  export PATH=$(BUILD)/bin:$(TOOLS):$$PATH'

cluster-up: tools $(if $(NODE),node) ## a test cluster: make cluster-up NAME=demo NODES=3, or NODE=real for one on which containers run (RATE=3 has it pull 3 MB/s)
	@$(CLUSTER) up -dir $(BUILD)/clusters -name $(NAME) $(if $(NODE),-real -rate $(RATE),-nodes $(NODES))

cluster-down: tools ## stop the test cluster: make cluster-down NAME=demo
	@$(CLUSTER) down -dir $(BUILD)/clusters -name $(NAME)

test: unit oracle addons e2e mesh ## everything that must hold

unit: ## the tests that need no cluster
	go test $(RACE) ./cmd/... ./pkg/... ./test/architecture/... ./test/bench/... ./test/latency/... ./test/pasted/... ./test/cmd/... ./test/measure/...
	@cd test/images && go test ./assemble ./bookinfo ./registry

oracle: ## upgraded objects against what Kubernetes itself makes of the old ones, and types of values against Istio's own
	cd test/tools && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $(BUILD)/oracle oracle/main.go
	ORACLE=$(BUILD)/oracle go test -count=1 ./test/oracle/...
	cd test/tools && go run values/main.go | diff $(CURDIR)/pkg/manifest/values/schema.json - # or else: make values

values: ## what values Istio's charts take, for pkg/manifest/values: after an update of Istio
	cd test/tools && go run values/main.go > $(CURDIR)/pkg/manifest/values/schema.json

addons: ## the addons' queries and configuration, with Prometheus' own code
	@cd test/addons && go test -count=1 ./...

e2e: build tools oldest ## the tests on real control planes
	go build $(RACE) -o $(BUILD)/race/kubectl-istio_demo ./cmd/kubectl-istio_demo
	TOOLS=$(TOOLS) OLDEST=$(OLDEST) PLUGIN=$(PLUGIN) RACE_PLUGIN=$(BUILD)/race/kubectl-istio_demo go test -count=1 -timeout 45m -parallel 100 ./test/e2e/...

e2e-one: build tools ## one of them: make e2e-one TEST=TestInstallPrune
	TOOLS=$(TOOLS) OLDEST=$(OLDEST) PLUGIN=$(PLUGIN) RACE_PLUGIN=$(PLUGIN) go test -count=1 -timeout 20m -v -run '^$(TEST)$$' ./test/e2e/

mesh: build tools ## the tests on a real node, where the machine can run one
	@if $(CLUSTER) realizable; then \
		$(MAKE) --no-print-directory mesh-tests; \
	else \
		echo 'So the tests on a real node are left out.'; \
	fi

mesh-tests: node
	$(ON_NODE) PLUGIN=$(PLUGIN) RACE_PLUGIN=$(PLUGIN) go test -count=1 -timeout 30m -parallel 100 ./test/mesh/...

mesh-one: build tools node ## one of them: make mesh-one TEST=TestInstall
	$(ON_NODE) PLUGIN=$(PLUGIN) RACE_PLUGIN=$(PLUGIN) go test -count=1 -timeout 20m -v -run '^$(TEST)$$' ./test/mesh/

soak: build tools ## the tests that draw lots, as often as they are meant to, and the peers under faults (SOAK=5 for a fifth)
	SOAK=$(SOAK) TOOLS=$(TOOLS) PLUGIN=$(PLUGIN) RACE_PLUGIN=$(PLUGIN) go test -count=1 -timeout 80m -parallel 100 -v \
		-run 'TestInstallUnderFaults|TestUninstallUnderFaults|TestInstallKilled|TestInstallServerRestarts|TestInstallUnestablishedCRDs|TestInstallPeersUnderFaults' ./test/e2e/...

bench: bench-tools ## ours against istioctl, kubectl and helm, into docs/benchmarks.md and README: make bench ROUNDS=3 RTTS=0,50,200
	$(BENCH) install -rounds $(ROUNDS) -rtts $(RTTS) -only '$(ONLY)'
ifeq ($(ONLY),)
	cd test/bench/plot && go run . $(CURDIR)/docs/bench/install.json $(CURDIR)/docs/bench/install.svg
endif

bench-scale: bench-tools ## thousands of objects and of pods, into docs/benchmarks.md: make bench-scale ROUNDS=3 SIZES=100,1000,5000 PODS=10000
	$(BENCH) scale -rounds $(ROUNDS) -sizes $(SIZES) -pods $(PODS)

bench-node: bench-tools node ## how soon a mesh serves on a real node, into docs/benchmarks.md: make bench-node ROUNDS=3 RATES=0,10,3 [ADD=1: to the rounds that are there]
	$(ON_NODE) PLUGIN=$(PLUGIN) HELM=$(HELM) $(BUILD)/bench/realnode -rounds $(ROUNDS) -rates $(RATES) -only '$(ONLY)' $(if $(ADD),-add)

bench-tables: ## the tables again, from the numbers in docs/bench
	go run ./test/bench tables

bench-parts: ## the parts that need no cluster, with what they allocate
	go test -run '^$$' -bench . ./pkg/...

bench-tools: build tools
	@test/bench/helm/build.sh $(HELM)
	@CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o $(BUILD)/bench/ ./test/bench ./test/bench/clock ./test/bench/realnode

docs: ## docs/commands, from the commands and the texts beside their generator
	go run ./test/cmd/manual -markdown docs/commands

fuzz: ## look for inputs that break a parser or a printer: make fuzz FUZZTIME=20s
	@grep -ro '^func Fuzz[A-Za-z]*' pkg --include='*_test.go' | sed 's|/[^/]*:func | |' | sort | \
	while read -r folder name; do \
		echo "$$folder: $$name"; \
		go test "./$$folder" -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x </dev/null || exit 1; \
	done

figures: ## how much code there is, and how long files and functions are
	@go run ./test/cmd/figures

lint: tools ## formatting, vet, staticcheck, module files
	@test/lint.sh $(TOOLS)

release-tools: ## goreleaser, krew and its validator, from their Go modules
	@test/release/tools/build.sh $(RELEASE_TOOLS)

release-archives: release-tools ## the archives of a commit into dist: make release-archives COMMIT=v0.1.0 RELEASE=v0.1.0
	@test/release/version.sh "$$RELEASE"
	@rm -rf dist
	@RELEASE_TOOLS=$(RELEASE_TOOLS) test/release/archives.sh "$$COMMIT" "$$RELEASE" dist
	@cat dist/checksums.txt

release-manifest: release-tools ## plugin.yaml, for the archives of what is committed: make release-manifest RELEASE=v0.1.0
	@RELEASE_TOOLS=$(RELEASE_TOOLS) test/release/manifest.sh "$$RELEASE"

release-test: tools release-tools ## a release, tried with the real krew before it is one
	@$(RELEASE_TOOLS)/goreleaser check --quiet
	TOOLS=$(TOOLS) RELEASE_TOOLS=$(RELEASE_TOOLS) go test -count=1 -timeout 80m -v ./test/release/

release-draft: release-tools ## what the release workflow does for a tag, with syft, cosign and a token of GitHub's
	@test/release/version.sh "$$RELEASE"
	GORELEASER_CURRENT_TAG="$$RELEASE" $(RELEASE_TOOLS)/goreleaser release --clean --skip=announce
	@for archive in dist/*.tar.gz dist/*.zip; do \
		grep -q "sha256: $$(sha256sum "$$archive" | cut -d ' ' -f 1)" plugin.yaml || { echo "$$archive is not that of plugin.yaml: throw the draft away" >&2; exit 1; }; \
	done

picture-page: build tools ## docs/productpage.png, of the cluster that make demo leaves, by Debian's chromium
	@$(ON_CLUSTER) test/picture/page.sh

picture: build ## draw docs/*.svg from runs on a fresh cluster
	@$(MAKE) --no-print-directory cluster-down cluster-up NAME=picture
	@KUBECONFIG=$(BUILD)/clusters/picture/kubeconfig PATH=$(BUILD)/bin:$(TOOLS):$$PATH test/picture/draw.sh
	@$(MAKE) --no-print-directory cluster-down NAME=picture

clean: ## what was built, but not the tools
	rm -rf $(BUILD)/bin $(BUILD)/bench $(BUILD)/race dist
