#!/bin/sh
# Names what the archives of the commit $1 are made of: the tree without
# plugin.yaml, in which their checksums are. Unlike the name of a commit it
# stays the same when history is rewritten, and it needs no tag.
set -eu
cd "$(dirname "$0")"
git ls-tree --full-tree "$1" >/dev/null # whose failure a pipe would hide
git ls-tree --full-tree "$1" | grep -v '	plugin\.yaml$' | git hash-object --stdin
