#!/bin/sh
# Refuses a version $1 that is not vX.Y.Z, with -PRE behind it for one before a
# release. A tag may have quotes, semicolons and dollars in it: what comes from one
# goes through here before anything else gets it.
set -eu
export LC_ALL=C
version=${1:-}
case $version in
*[!0-9A-Za-z.-]*) ;; # and with a line's end grep would see two
*)
	if printf '%s\n' "$version" | grep -Eqx 'v(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?'; then
		exit 0
	fi
	;;
esac
printf '%s is no version to release, which is vX.Y.Z or vX.Y.Z-PRE: RELEASE=v0.1.0\n' "$(printf %s "$version" | tr -c '0-9A-Za-z.-' '?')" >&2
exit 1
