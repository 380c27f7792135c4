#!/bin/sh
# What is not a test and must hold all the same. $1 is the folder of the tools.
set -eu
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l cmd pkg test)
if [ -n "$unformatted" ]; then
	echo "not formatted (run gofmt -w):" "$unformatted" >&2
	exit 1
fi
go vet ./...
"$1/staticcheck" ./...
go mod tidy -diff
(cd test/tools && go mod tidy -diff)
(cd test/oldest && go mod tidy -diff)
# Vetting it would mean to analyse all of Istio, which takes minutes.
(cd test/istiod && go mod tidy -diff)
(cd test/containerd && go mod tidy -diff)
# Nor are Prometheus and Jaeger vetted.
(cd test/observers/prometheus && go mod tidy -diff)
(cd test/observers/jaeger && go mod tidy -diff)
# Of the images only what is the project's own is vetted, without CoreDNS.
(cd test/images && go mod tidy -diff && go vet ./assemble ./bookinfo ./page ./pause ./proxy ./registry && "$1/staticcheck" ./assemble ./bookinfo ./page ./pause ./proxy ./registry)
(cd test/addons && go mod tidy -diff && go vet ./... && "$1/staticcheck" ./...)
(cd test/bench/helm && go mod tidy -diff)
(cd test/bench/plot && go mod tidy -diff && go vet ./... && "$1/staticcheck" ./...)
# test/release/tools is left out: its go.mod says why.
# The istiod that is tried is that of the charts.
istio=$(go list -m istio.io/istio)
if [ "$(cd test/istiod && go list -m istio.io/istio)" != "$istio" ]; then
	echo "test/istiod is not of the commit of go.mod's $istio" >&2
	exit 1
fi
# The Prometheus that is run is that whose parser reads the queries.
prometheus=$(cd test/addons && go list -m github.com/prometheus/prometheus)
if [ "$(cd test/observers/prometheus && go list -m github.com/prometheus/prometheus)" != "$prometheus" ]; then
	echo "test/observers/prometheus is not test/addons' $prometheus" >&2
	exit 1
fi
# One release of Kubernetes, or its modules do not fit together.
releases=$(go list -m -f '{{.Path}} {{.Version}}' all |
	awk '$1 ~ /^k8s\.io\/(api|apiextensions-apiserver|apimachinery|apiserver|cli-runtime|client-go|component-base|component-helpers|kubectl|metrics|streaming)$/ {print $2}' | sort -u)
if [ "$(echo "$releases" | wc -l)" -ne 1 ]; then
	echo "the k8s.io modules are of several releases:" $releases >&2
	exit 1
fi
echo "lint: ok"
