#!/usr/bin/env bash
# On the lab's gateway: starts origins and the proxy, then shows what they do, or opens a shell on the client.
# SPDX-License-Identifier: MIT
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."

# /run is the lab's own, and anybody's who is in it. What the service's user must read is copied: the tree may be private.
demo=/run/demo
mkdir -p $demo/plugins $demo/www $demo/log
cp "$HYALITE_BIN" $demo/hyalite
cp "$HYALITE_PLUGINS"/*.so $demo/plugins/
cp "$here"/hyalite.yaml "$here"/nginx.conf $demo/
chmod -R a+rX,go-w $demo
chmod 777 $demo/log

# The origin's certificate, from a root of its own, and the CA with which the proxy looks into TLS.
mkdir -p $demo/origin
key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
certify() { openssl "$@" 2>>$demo/log/openssl.log; }
(
  cd $demo/origin
  certify req -x509 "${key[@]}" -days 2 -subj "/CN=Demo Root" -keyout root.key -out root.pem
  certify req "${key[@]}" -subj "/CN=origin.lab" -keyout origin.key -out origin.csr
  echo "subjectAltName=DNS:origin.lab,DNS:bank.lab,DNS:games.lab" >names
  certify x509 -req -in origin.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -extfile names -out origin.pem
)
$demo/hyalite ca init --directory $demo/ca --name "Demo CA" >>$demo/log/ca.log
chmod a+rx $demo/ca $demo/origin
chmod a+r $demo/ca/ca.pem $demo/origin/root.pem

on() { "$demo/hyalite" lab exec "$1" -- "${@:2}"; }

# Both answer as soon as these return: they listen first, and then go to the background.
on origin nginx -p $demo -e $demo/log/nginx.log -c $demo/nginx.conf
on origin python3 "$here/greeter.py"

# The proxy says when it accepts; what it says later is kept.
exec {said}< <(exec $demo/hyalite run --config $demo/hyalite.yaml 2>&1)
proxy=$!
while read -r line <&$said; do
  echo "$line" >>$demo/log/hyalite.log
  [[ $line == *" accepting "* ]] && break
done
if [[ ${line:-} != *" accepting "* ]]; then
  echo "The proxy did not start:" >&2
  cat $demo/log/hyalite.log >&2
  exit 1
fi
cat <&$said >>$demo/log/hyalite.log &

case $1 in
  shell) . "$here/shell.sh" ;;
  *) . "$here/show.sh" ;;
esac
