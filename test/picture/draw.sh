#!/bin/sh
# Draws a real run as docs/install.svg. PATH and KUBECONFIG lead to the plugin
# and to a fresh test cluster; make picture sets them.
set -eu
cd "$(dirname "$0")"
run=$(mktemp)
trap 'rm -f "$run"' EXIT
{
	echo '$ kubectl istio-demo install'
	kubectl istio-demo install 2>&1
	echo
	echo '$ kubectl istio-demo install'
	kubectl istio-demo install 2>&1 >/dev/null | tail -n 1
} >"$run"
go tool freeze --language text --window --theme dracula --padding 20 --margin 0 \
	--font.family "Menlo, Consolas, monospace" --font.size 13 --output ../../docs/install.svg <"$run"
