#!/bin/sh
# Builds Prometheus and Jaeger into the folder $1, unless that is done.
set -eu
cd "$(dirname "$0")"
out=$1
[ -d "$out" ] && exit 0

part=$out.part.$$
trap 'rm -rf "$part"' EXIT
mkdir -p "$part"

echo "building Prometheus and Jaeger into $out (some minutes the first time)" >&2
export CGO_ENABLED=0
# Of the ways to discover targets only that of Kubernetes, as it takes a third
# of the time.
(cd prometheus && go build -trimpath -ldflags '-s -w' -tags remove_all_sd,enable_kubernetes_sd -o "$part/" tool)
(cd jaeger && go build -trimpath -ldflags '-s -w' -o "$part/" tool)
mv "$part" "$out"
