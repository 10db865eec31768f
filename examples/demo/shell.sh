# A shell on the lab's client. Read by run.sh.
# SPDX-License-Identifier: MIT
cat <<TEXT

You are on the client. Everything you send to the origin's ports 80, 443 and 25 passes the proxy on the gateway. Try:

  curl -i origin.lab/headers             nginx, seen through the proxy: -4 and -6 choose the address
  curl -i ads.lab                        what the blocker says
  curl -i --cacert $demo/ca/ca.pem https://origin.lab/headers   inside TLS
  nc origin.lab 25                       a server that speaks first
  tail -f $demo/log/http.ndjson          the records of the http-logger
  \$hyalite lab exec gateway -- bash      a shell on the gateway, or the origin
  on the gateway:  curl localhost:9180/metrics,  nft list ruleset,  ip rule,  \$hyalite status,
                   edit $demo/hyalite.yaml and \$hyalite reload

The lab ends with this shell.

TEXT
export hyalite=$demo/hyalite
printf '[ ! -f ~/.bashrc ] || . ~/.bashrc\nPS1="\\[\\e[1m\\]$HYALITE_LAB_HOST\\[\\e[0m\\]:\\w\\$ "\n' >$demo/bashrc
on client bash --rcfile $demo/bashrc -i || true
