#!/bin/sh
# Lays out in the folder $1 the layers of bookinfo and helloworld: of the sources
# in Istio's module on the Debian in $2, and reviews of the program $3. Where
# that cannot be, one line on the standard output says why, the status is 3, and
# the program stands in for all of them.
set -eu
cd "$(dirname "$0")"
roots=$1 debian=$2 program=$3
samples=$(go -C ../../istiod list -m -f '{{.Dir}}' istio.io/istio)/samples
log=$roots/bookinfo.log
trap 'rm -f "$log"' EXIT

# app NAME makes the folder that a service starts in, and prints it.
app() {
	mkdir -p "$roots/$1/opt/microservices"
	echo "$roots/$1/opt/microservices"
}

# starts NAME makes what it reads the program that starts the service.
starts() {
	cat >"$roots/$1/opt/microservices/start"
	chmod 755 "$roots/$1/opt/microservices/start"
}

install -m 755 "$program" "$(app reviews)/start"

lack() {
	echo "bookinfo and helloworld are played, as $1"
	rm -rf "$roots/python" "$roots/debian/opt/site"
	mkdir -p "$roots/python" "$roots/debian"
	for name in productpage details ratings helloworld; do
		rm -rf "${roots:?}/$name"
		install -m 755 "$program" "$(app $name)/start"
	done
	exit 3
}

[ -d "$debian" ] || lack "there is no Debian for them"
python3 -m pip --version >/dev/null 2>&1 || lack "there is no pip"
command -v npm >/dev/null || lack "there is no npm"
cp -al "$debian" "$roots/debian"

# Istio's list has the hashes of what the Python of Debian needs, too. Three of
# the packages have no wheel: they are built with the setuptools of the list
# itself, not with the newest.
site=$roots/debian/opt/site
listed=$samples/bookinfo/src/productpage/requirements.txt
sed -n '/^setuptools==/,/# via/p' "$listed" >"$roots/setuptools.txt"
pip() {
	PYTHONPATH=$site PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --no-deps --require-hashes --no-compile --target "$site" "$@" >"$log" 2>&1 ||
		lack "Python's packages cannot be installed: $(grep -m 1 ERROR "$log")"
}
pip -r "$roots/setuptools.txt"
machine=$(uname -m)
pip --upgrade --no-build-isolation --use-pep517 --implementation cp --python-version 3.11 \
	--platform "manylinux2014_$machine" --platform "manylinux_2_28_$machine" -r "$listed"
rm "$roots/setuptools.txt"
find "$site" -name __pycache__ -prune -exec rm -r {} +
chroot "$roots/debian" python3 -m compileall -q --invalidation-mode unchecked-hash /opt/site >/dev/null || true
mkdir -p "$roots/python/opt"
mv "$site" "$roots/python/opt/site"

cp -r "$samples/bookinfo/src/productpage/productpage.py" "$samples/bookinfo/src/productpage/static" \
	"$samples/bookinfo/src/productpage/templates" "$(app productpage)"
starts productpage <<'END'
#!/bin/sh
exec python3 -m gunicorn -b 0.0.0.0:9080 productpage:app -w 2 --keep-alive 2 -k gevent
END

cp "$samples/helloworld/src/app.py" "$(app helloworld)"
starts helloworld <<'END'
#!/bin/sh
exec python3 -m gunicorn -b 0.0.0.0:5000 app:app -k gevent
END

cp "$samples/bookinfo/src/details/details.rb" "$(app details)"
starts details <<'END'
#!/bin/sh
exec ruby details.rb 9080
END

cp "$samples/bookinfo/src/ratings/package.json" "$samples/bookinfo/src/ratings/ratings.js" package-lock.json "$(app ratings)"
npm ci --prefix "$(app ratings)" --omit=dev --ignore-scripts --no-audit --no-fund >"$log" 2>&1 ||
	lack "Node's packages cannot be installed: $(grep -i -m 1 'npm err' "$log")"
starts ratings <<'END'
#!/bin/sh
exec node ratings.js 9080
END

# The module's files cannot be written, and so could not be removed.
chmod -R u+w "$roots"
