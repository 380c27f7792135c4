#!/bin/sh
# Builds the control plane of this module into the folder $1, unless that is
# done.
set -eu
cd "$(dirname "$0")"
out=$1
[ -d "$out" ] && exit 0

kubernetes=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
part=$out.part.$$
trap 'rm -rf "$part"' EXIT
mkdir -p "$part"

# The version that /version answers is set by the linker in a release, too.
version_flags="-s -w
  -X k8s.io/component-base/version.gitVersion=$kubernetes
  -X k8s.io/component-base/version.gitMajor=1
  -X k8s.io/component-base/version.gitMinor=$(echo "$kubernetes" | cut -d. -f2)"

echo "building the control plane of Kubernetes $kubernetes into $out (some minutes the first time)" >&2
CGO_ENABLED=0 go build -trimpath -ldflags "$version_flags" -o "$part/" tool
mv "$part" "$out"
