#!/bin/sh
# Builds the archives of version $2 from the commit $1 into the folder $3, with
# their checksums and the manifest for krew: of all platforms, or of $4 alone,
# such as linux/amd64. It builds a clone, so that nothing that is not in the
# commit gets in. goreleaser is in the folder RELEASE_TOOLS. UMASK is that of the
# files on the way, which must not matter.
set -eu
commit=$1 version=$2 out=$3 platform=${4:-}
umask "${UMASK:-022}"
repository=$(cd "$(dirname "$0")/../.." && pwd)
"$repository/test/release/version.sh" "$version"
# Its name, which may begin with a dash, has been one of a commit from here on.
commit=$(git -C "$repository" rev-parse --verify --quiet --end-of-options "$commit^{commit}") || {
	echo "there is no such commit: COMMIT=HEAD" >&2
	exit 1
}
case $platform in
*[!a-z0-9/]*)
	echo "there is no such platform: linux/amd64" >&2
	exit 1
	;;
esac
mkdir -p "$out"
out=$(cd "$out" && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git clone -q --no-checkout "$repository" "$work/source"
cd "$work/source"
git checkout -q --detach "$commit"
if [ -n "$platform" ]; then
	sed -i "s/^  goos: .*/  goos: [${platform%/*}]/; s/^  goarch: .*/  goarch: [${platform#*/}]/" .goreleaser.yaml
fi

# goreleaser wants to know of an address, which it does not ask here.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=remote.origin.url GIT_CONFIG_VALUE_0=https://github.com/kubectl-istio-demo/kubectl-istio-demo
GORELEASER_CURRENT_TAG=$version "$RELEASE_TOOLS/goreleaser" release --clean \
	--skip=validate,publish,announce,sign,sbom >"$out/goreleaser.log" 2>&1 || {
	cat "$out/goreleaser.log" >&2
	exit 1
}
find dist -maxdepth 1 \( -name '*.tar.gz' -o -name '*.zip' -o -name checksums.txt \) -exec cp {} "$out/" \;
cp dist/krew/istio-demo.yaml "$out/"
