#!/bin/sh
# Builds containerd and its network plugins into the folder $1, unless that is
# done.
set -eu
cd "$(dirname "$0")"
out=$1
[ -d "$out" ] && exit 0

part=$out.part.$$
trap 'rm -rf "$part"' EXIT
mkdir -p "$part"

echo "building containerd into $out (some minutes the first time)" >&2
CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$part/" tool
mv "$part" "$out"
