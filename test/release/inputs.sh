#!/bin/sh
# Names what the archives of the commit $1 are made of: the tree without
# plugin.yaml, in which their checksums are. Unlike the name of a commit it
# stays the same when history is rewritten, and it needs no tag.
set -eu
cd "$(dirname "$0")"
commit=$(git rev-parse --verify --end-of-options "$1^{commit}") # which may begin with a dash
git ls-tree --full-tree "$commit" >/dev/null # whose failure a pipe would hide
git ls-tree --full-tree "$commit" | grep -v '	plugin\.yaml$' | git hash-object --stdin
