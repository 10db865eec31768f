# The demonstration: each step says what is done, what should come and what came. Read by run.sh.
# SPDX-License-Identifier: MIT
failures=0
if [ -t 1 ]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold='' green='' red='' plain=''; fi

step() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
# client COMMAND: shows the command line, runs it on the client, and keeps what came.
client() {
  printf '   $ %s\n' "$1"
  came=$(on client sh -c "$1" 2>&1) || came+=" (exit status $?)"
}
# expect WHAT WANTED CAME
expect() {
  if [ "$2" = "$3" ]; then
    printf '     %sok%s      %s: %s, as expected\n' "$green" "$plain" "$1" "$3"
  else
    printf '     %sFAILED%s  %s: %s, expected was: %s\n' "$red" "$plain" "$1" "$3" "$2"
    failures=$((failures + 1))
  fi
}
# The line of `came` that begins so, without its beginning; "none" when there is no such line.
line() {
  local found
  found=$(printf '%s\n' "$came" | tr -d '\r' | sed -n "s/^$1//p" | head -n 1)
  printf '%s' "${found:-none}"
}
# eventually COMMAND...: until it succeeds, for five seconds at most.
eventually() {
  local end=$((SECONDS + 5))
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    read -rt 0.02 <> <(:) || true
  done
}

cat <<TEXT

${bold}Hyalite on real traffic${plain}: three hosts in a private lab, real kernel redirection. Your network is not touched.

   client          gateway                             origin
$(printf '   %-14s  %-34s  %s\n' "$HYALITE_LAB_CLIENT_4" "nftables: TPROXY of 80, 443, 25" "$HYALITE_LAB_ORIGIN_4" \
    "$HYALITE_LAB_CLIENT_6" "hyalite, 2 workers, 3 plugins:" "$HYALITE_LAB_ORIGIN_6" \
    curl "logger, blocker, rewriter" "nginx, and a server that speaks first")
TEXT

step "1. A request passes. The client knows of no proxy, and the origin sees the client's own address."
for f in 4 6; do
  address=HYALITE_LAB_CLIENT_$f
  client "curl -sS -$f http://origin.lab/address"
  expect "the origin saw" "${!address}" "$came"
done

step "2. Headers are rewritten both ways: X-Debug goes and X-Checked comes on the way there, Server goes on the way back."
for f in 4 6; do
  client "curl -sS -i -$f -H 'X-Debug: 1' http://origin.lab/headers"
  expect "at the origin" "X-Checked=yes X-Debug=" "$(line 'the origin got ')"
  expect "the client's Server" "none" "$(line 'Server: ')"
  expect "the client's X-Inspected-By" "hyalite" "$(line 'X-Inspected-By: ')"
done

step "3. A listed name is blocked with a page. The origin hears nothing of it."
for f in 4 6; do
  client "curl -sS -i -$f http://ads.lab/banner"
  expect "the client got" "403 Forbidden" "$(line 'HTTP\/1.1 ')"
  expect "a page" "text/html; charset=utf-8" "$(line 'Content-Type: ')"
  expect "requests for ads.lab at the origin" "0" "$(grep -c ads.lab $demo/log/access.log || true)"
done

step "4. A large download arrives as it was sent."
head -c 50000000 /dev/urandom >$demo/www/large
chmod a+r $demo/www/large
sum=$(sha256sum <$demo/www/large)
for f in 4 6; do
  client "curl -sS -$f http://origin.lab/large | sha256sum"
  expect "50 MB, SHA-256" "${sum%% *}" "${came%% *}"
done

step "5. A protocol in which the server speaks first passes untouched. The client says nothing before it is greeted."
for f in 4 6; do
  address=HYALITE_LAB_ORIGIN_$f
  client "examples/demo/talk.sh ${!address} 25"
  expect "the server said" "220 origin.lab speaks first | 250 you said: HELO client.lab | 221 bye" \
    "$(printf '%s' "$came" | tr -d '\r' | paste -sd '|' | sed 's/|/ | /g')"
done

# Curl trusts the CA alone, or the origin's root alone: so it is seen whose certificate came.
https() { printf "curl -sS -i --cacert $demo/%s --resolve %s:443:%s https://%s/headers" "$2" "$1" "$3" "$1"; }

step "6. TLS is looked into: the client sees the proxy's certificate, and the same plugins do the same inside."
for f in 4 6; do
  address=HYALITE_LAB_ORIGIN_$f
  client "$(https origin.lab ca/ca.pem "${!address}")"
  expect "at the origin, inside TLS" "X-Checked=yes X-Debug=" "$(line 'the origin got ')"
  expect "the client's X-Inspected-By" "hyalite" "$(line 'X-Inspected-By: ')"
done

step "7. TLS of a bank passes untouched: the client sees the origin's own certificate."
for f in 4 6; do
  address=HYALITE_LAB_ORIGIN_$f
  client "$(https bank.lab origin/root.pem "${!address}")"
  expect "at the origin, not edited" "X-Checked= X-Debug=" "$(line 'the origin got ')"
done

step "8. TLS of games is blocked, with a page over a certificate of the proxy's."
for f in 4 6; do
  address=HYALITE_LAB_ORIGIN_$f
  client "$(https games.lab ca/ca.pem "${!address}")"
  expect "the client got" "403 Forbidden" "$(line 'HTTP\/1.1 ')"
done

step "What the http-logger wrote: one record for each exchange, and for each connection that nobody inspected."
records() { [ "$(wc -l <$demo/log/http.ndjson)" -ge 16 ]; }
eventually records || true
python3 "$here/records.py" $demo/log/http.ndjson || failures=$((failures + 1))
expect "records" 16 "$(wc -l <$demo/log/http.ndjson)"

step "What was counted (http://127.0.0.1:9180/metrics on the gateway)."
curl -sS http://127.0.0.1:9180/metrics |
  grep -E '^hyalite_(tls_answers_total|tls_handshakes_total|flows_total|exchanges_total|arrivals_total|uninspected_total|bytes_total|connects_total)|^[a-z_]*(blocker|rewriter|logger)_[a-z_]*total' |
  grep -v ' 0$' | sed 's/^/   /' || true

step "The end: SIGTERM, and everything ends in order."
kill -TERM $proxy
status=0
wait $proxy || status=$?
expect "hyalite's exit status" 0 "$status"

if [ $failures = 0 ]; then
  printf '\nAll was as it should be. Next: ./demo shell, or docs/operating.md.\n'
else
  printf '\n%s%s checks failed.%s The proxy said:\n' "$red" "$failures" "$plain"
  tail -n 40 $demo/log/hyalite.log
  exit 1
fi
