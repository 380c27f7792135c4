#!/bin/sh
# Writes plugin.yaml for the version $1, with the checksums of the archives that
# are built from what is committed.
set -eu
cd "$(dirname "$0")/../.."
version=$1
test/release/version.sh "$version"
case $version in
*-*)
	echo "$version is no version for krew, which wants vX.Y.Z: make release-manifest RELEASE=v0.1.0" >&2
	exit 1
	;;
esac
if [ -n "$(git status --porcelain -- . ':!plugin.yaml')" ]; then
	echo "there are changes that are not committed, and would not be in the archives:" >&2
	git status --short -- . ':!plugin.yaml' >&2
	exit 1
fi
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
test/release/archives.sh HEAD "$version" "$out"
{
	echo "# The manifest of the krew plugin, written by make release-manifest. The checksums"
	echo "# are those of the archives that anybody gets who builds the tree of this name,"
	echo "# which is the release's without this file (test/release/inputs.sh):"
	echo "# inputs: $(test/release/inputs.sh HEAD)"
	sed '/^# This file was generated/d' "$out/istio-demo.yaml"
} >"$out/plugin.yaml"
mv "$out/plugin.yaml" plugin.yaml
chmod 644 plugin.yaml
cat "$out/checksums.txt"
