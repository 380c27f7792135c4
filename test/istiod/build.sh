#!/bin/sh
# Builds istiod, and the agent that runs beside a proxy, into the folder $1,
# unless that is done.
set -eu
cd "$(dirname "$0")"
out=$1
[ -d "$out" ] && exit 0

part=$out.part.$$
trap 'rm -rf "$part"' EXIT
mkdir -p "$part"

# Which release they are is set by the linker in Istio's own images, too: the
# agent tells istiod, which configures proxies by it.
version=$(sed -n 's/^\tVersion = "\(.*\)"$/\1/p' ../../pkg/manifest/chart/chart.go)

echo "building istiod into $out (some minutes the first time)" >&2
CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X istio.io/istio/pkg/version.buildVersion=$version" -o "$part/" tool
mv "$part" "$out"
