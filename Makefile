# Everything here needs Go, git and make only. What is built lies in .build,
# which git ignores; nothing is written to the home directory except by Go.

SHELL := /bin/sh
BUILD := $(CURDIR)/.build
PLUGIN := $(BUILD)/bin/kubectl-istio_demo
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

# The tools are built once for each version of what defines them.
TOOLS_KEY := $(shell cat test/tools/go.mod test/tools/go.sum test/tools/build.sh | git hash-object --stdin | cut -c1-12)
TOOLS := $(BUILD)/tools/$(TOOLS_KEY)

# Which test cluster the cluster targets and demo mean; several can run at once.
NAME ?= demo
NODES ?= 3
CLUSTER := TOOLS=$(TOOLS) go run ./test/cmd/cluster
KUBECONFIG_FILE := $(BUILD)/clusters/$(NAME)/kubeconfig

.PHONY: build tools demo cluster-up cluster-down test unit e2e lint clean

build: ## the plugin
	@mkdir -p $(BUILD)/bin
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(PLUGIN) ./cmd/kubectl-istio_demo

tools: ## the control plane and the peers, from Go modules
	@test/tools/build.sh $(TOOLS)

demo: build tools ## a real control plane with Istio's demo on it
	@test/demo.sh $(BUILD) $(TOOLS) $(NAME) $(NODES)

cluster-up: tools ## a test cluster: make cluster-up NAME=demo NODES=3
	@$(CLUSTER) up -dir $(BUILD)/clusters -name $(NAME) -nodes $(NODES)
	@echo "export KUBECONFIG=$(KUBECONFIG_FILE) PATH=$(BUILD)/bin:$(TOOLS):\$$PATH"

cluster-down: tools ## stop the test cluster: make cluster-down NAME=demo
	@$(CLUSTER) down -dir $(BUILD)/clusters -name $(NAME)

test: build tools unit e2e ## everything that must hold

unit:
	go test -race ./cmd/... ./pkg/... ./test/architecture/...

e2e: build tools
	TOOLS=$(TOOLS) PLUGIN=$(PLUGIN) go test -count=1 -timeout 20m ./test/e2e/... ./test/cluster/...

lint: tools ## formatting, vet, staticcheck, module files
	@test/lint.sh $(TOOLS)

clean: ## what was built, but not the tools
	rm -rf $(BUILD)/bin dist
