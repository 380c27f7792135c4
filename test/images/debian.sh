#!/bin/sh
# Builds a small Debian with the languages of bookinfo and with curl into the
# folder $1, unless that is done. Where that cannot be, one line on the standard
# output says why, and the status is 3.
set -eu
out=$1
[ -d "$out" ] && exit 0

part=$out.part.$$
# What is mounted below it while packages are set up is not to be removed.
trap 'umount "$part/proc" 2>/dev/null || true; rm -rf --one-file-system "$part" "$part.log"' EXIT

lack() {
	echo "bookinfo and helloworld are played, as $1"
	exit 3
}

[ "$(id -u)" = 0 ] || lack "only root can unpack the Debian that they run in"
command -v debootstrap >/dev/null || lack "there is no debootstrap"
echo "unpacking Debian into $out (a minute or some)" >&2
mkdir -p "$part"
debootstrap --variant=minbase --include=python3,ruby,ruby-webrick,nodejs,curl bookworm "$part" >"$part.log" 2>&1 ||
	lack "debootstrap failed: $(tail -n 1 "$part.log")"

# What no program reads, what is of this machine, and devices, which a node has.
for folder in dev proc sys run tmp var/cache var/lib/apt var/log usr/share/doc usr/share/info usr/share/lintian usr/share/locale usr/share/man; do
	find "$part/$folder" -xdev -mindepth 1 -delete
done
rm -f "$part/etc/machine-id" "$part/etc/hostname" "$part/etc/resolv.conf"

# Layers have no times by which Python could tell that what it compiled is new.
find "$part/usr/lib" -name __pycache__ -prune -exec rm -r {} +
chroot "$part" python3 -m compileall -q --invalidation-mode unchecked-hash /usr/lib/python3 /usr/lib/python3.11 >/dev/null || true
mv "$part" "$out"
