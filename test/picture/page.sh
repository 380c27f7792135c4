#!/bin/sh
# Takes a picture of Bookinfo's page, as a browser shows it, into
# docs/productpage.png. KUBECONFIG leads to the cluster that make demo leaves;
# Debian's package chromium is the browser.
set -eu
page=$(kubectl istio-demo address)/productpage
chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1000,760 \
	--virtual-time-budget=5000 --screenshot=docs/productpage.png "$page"
