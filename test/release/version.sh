#!/bin/sh
# Refuses $1 if it is no version that krew takes, vX.Y.Z. Everything that builds a
# release asks this first: a tag can hold nearly anything.
set -eu
case ${1:-} in
*[!v0-9.]*) ;; # line ends, too, which grep would not see
*) if echo "${1:-}" | grep -Eqx 'v[0-9]+\.[0-9]+\.[0-9]+'; then exit 0; fi ;;
esac
echo "invalid version: use vX.Y.Z, such as RELEASE=v0.1.0" >&2
exit 1
