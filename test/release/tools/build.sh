#!/bin/sh
# Builds what makes and tries a release into the folder $1, unless that is done.
set -eu
cd "$(dirname "$0")"
out=$1
[ -d "$out" ] && exit 0

part=$out.part.$$
trap 'rm -rf "$part"' EXIT
mkdir -p "$part"

# The Go that goreleaser is built with compresses the archives, and so is part
# of what decides their bytes.
GOTOOLCHAIN=$(sed -n 's/^toolchain //p' go.mod)
export GOTOOLCHAIN
echo "building what makes a release into $out (some minutes the first time)" >&2
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$part/" tool
mv "$part" "$out"
