#!/bin/sh
# Draws real runs as docs/*.svg. PATH and KUBECONFIG lead to the plugin and to
# a fresh test cluster; make picture sets them.
set -eu
cd "$(dirname "$0")"

# draw NAME COMMAND draws what is on a terminal after a command.
draw() {
	shown=$(go run ./screen 100 sh -c "$2")
	printf '$ %s\n%s\n' "$2" "$shown" |
		go tool freeze --language ansi --window --theme dracula --padding 20 --margin 0 \
			--font.family "Menlo, Consolas, monospace" --font.size 13 --output "../../docs/$1.svg"
}

# A load balancer has given an address, as on a cluster of a cloud.
kubectl create service loadbalancer cloud --tcp=80 >/dev/null
kubectl patch service cloud --subresource=status -p '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.1"}]}}}' >/dev/null

draw install 'kubectl istio-demo install'
draw pods 'kubectl istio-demo pods'

kubectl istio-demo uninstall --yes --progress=none >/dev/null
kubectl istio-demo install --hub=registry.example.com/istio --progress=none >/dev/null
./sicken.sh istio-system app=istio-egressgateway
draw status 'kubectl istio-demo status'
