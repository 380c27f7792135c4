#!/bin/sh
# Installs the demo on the cluster of the kubeconfig, and shows what is there.
# Where NODE is real, a sample follows, and one of its pages through the gateway.
set -eu

run() {
	echo "\$ $*"
	"$@"
}

if [ "$NODE" != real ]; then
	run kubectl istio-demo install
	run kubectl istio-demo services
	exit
fi
sample=
[ -s "$IMAGES/played" ] || sample="--sample=bookinfo --yes"
# The proxies here are no builds of Istio's, and lack three of its filters.
run kubectl istio-demo install $sample \
	--set=pilot.env.PILOT_ENABLE_METADATA_EXCHANGE=false --set=pilot.env.PILOT_ENABLE_ALPN_FILTER=false \
	--set=telemetry.v2.prometheus.enabled=false
if [ -s "$IMAGES/played" ]; then
	echo "The proxies of this node are played ($IMAGES/played says why), so that no page comes through them."
	exit
fi
run kubectl get pods
run kubectl istio-demo services
page=$(kubectl istio-demo address)/productpage
echo
go run ./test/cmd/page "$page"
echo "Open it in a browser: $page"
