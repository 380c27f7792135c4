#!/bin/sh
# Builds the images into the folder $1, with istiod from $2, Prometheus and
# Jaeger from $3, and the Debian for those that need one from $4, which is made
# if it is not there: all or none, so that a folder that exists is complete.
# What had to be played for want of something is in its file "played", and said
# each time.
set -eu
cd "$(dirname "$0")"
out=$1 istiod=$2 observers=$3 debian=$4
if [ -d "$out" ]; then
	[ -s "$out/played" ] && sed "s|^|images: |; s|\$|; to try again, remove $out|" "$out/played" >&2
	exit 0
fi

part=$out.part.$$
trap 'rm -rf "$part"' EXIT
roots=$part/roots
mkdir -p "$roots" "$part/bin"
: >"$part/played"

echo "building images into $out (some minutes the first time)" >&2
# A digest that depends on the commit would be another image with each.
export CGO_ENABLED=0 GOFLAGS=-buildvcs=false
go build -trimpath -ldflags '-s -w' -o "$part/bin/" ./... tool

# put FILE LAYER PATH makes the program FILE one of a layer's.
put() {
	mkdir -p "$(dirname "$roots/$2/$3")"
	cp "$1" "$roots/$2/$3"
}

put "$part/bin/pause" pause pause
put "$part/bin/coredns" coredns coredns
put "$istiod/pilot-discovery" pilot usr/local/bin/pilot-discovery
put "$observers/prometheus" prometheus bin/prometheus
put "$observers/jaeger" jaeger cmd/jaeger/jaeger-linux
put "$part/bin/go-httpbin" go-httpbin bin/go-httpbin
mkdir -m 1777 "$roots/pilot/tmp" "$roots/prometheus/prometheus" "$roots/jaeger/tmp"

./proxyv2/build.sh "$roots/proxyv2" "$istiod/pilot-agent" >>"$part/played" || {
	[ $? = 3 ] # it lacks something, and said so
	put "$part/bin/proxy" proxyv2 usr/local/bin/pilot-agent
}

# What Istio's tasks need besides the samples is in its module, too.
istio=istio.io/istio/samples
go -C ../istiod build -trimpath -ldflags '-s -w' -o "$part/bin/tcp-echo" $istio/tcp-echo/src
go -C ../istiod build -trimpath -ldflags '-s -w' -o "$part/bin/extauthz" $istio/extauthz/cmd/extauthz
put "$part/bin/tcp-echo" tcp-echo bin/tcp-echo
put "$part/bin/extauthz" ext-authz usr/local/bin/extauthz
put "$part/bin/fortio" fortio usr/bin/fortio

put "$part/bin/page" grafana usr/share/grafana/bin/grafana
put "$part/bin/page" kiali opt/kiali/kiali

{ ./debian.sh "$debian" || [ $? = 3 ]; } >>"$part/played"
./bookinfo/build.sh "$roots" "$debian" "$part/bin/bookinfo" >"$part/log" || [ $? = 3 ]
# Why there is no Debian is said already.
if [ -d "$debian" ]; then
	cat "$part/log" >>"$part/played"
fi
rm "$part/log"

# The names are those of the plugin's manifests, so that a change there is one
# here; what Kubernetes itself needs is of the version of its module.
{
	(cd ../.. && go run ./cmd/kubectl-istio_demo images --samples)
	# What Istio's tasks apply is named in its module.
	samples=$(go -C ../istiod list -m -f '{{.Dir}}' istio.io/istio)/samples
	for task in tcp-echo/tcp-echo extauthz/ext-authz httpbin/sample-client/fortio-deploy; do
		sed -n 's/^[ -]*image: //p' "$samples/$task.yaml"
	done
	if [ -d "$debian" ]; then
		sed -n 's/^ *image: //p' "$samples/curl/curl.yaml"
	fi
	echo registry.k8s.io/pause:3.10
	echo "registry.k8s.io/coredns/coredns:$(go list -m -f '{{.Version}}' github.com/coredns/coredns)"
} >"$part/references"
"$part/bin/assemble" -roots "$roots" -out "$part" <"$part/references" >&2

# The registry is what the folder is served with.
mv "$part/bin/registry" "$part/registry"
rm -rf "$roots" "${part:?}/bin"
sed 's/^/images: /' "$part/played" >&2
mv "$part" "$out"
