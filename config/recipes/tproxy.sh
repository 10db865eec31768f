#!/bin/sh
# Brings connections to the proxy with TPROXY, IPv4 and IPv6: tproxy.sh on | off. Both may be repeated.
# SPDX-License-Identifier: MIT
set -eu
LAN=${LAN:-lan}                 # the interface that clients are behind
WAN=${WAN:-wan}                 # the interface that origins are behind
PORT=${PORT:-8080}              # where the proxy listens
PORTS=${PORTS:-80 443}          # destination ports that are brought to it
MARK=${MARK:-0x100000}          # one bit of the packet mark that nothing else uses: interception.mark
TABLE=${TABLE:-100}             # a routing table that nothing else uses
WHEN_DOWN=${WHEN_DOWN:-refuse}  # without a proxy connections are refused; "pass" lets them go by, uninspected
QUIC=${QUIC:-refuse}            # HTTP/3 is refused, so that clients use TCP at once; "pass" lets it go by

families=-4
[ ! -e /proc/net/if_inet6 ] || families='-4 -6'

# What is there already need not be added, and what is gone need not be removed.
settled() {
  said=$("$@" 2>&1) || case $said in
    *'File exists'* | *'No such'*) ;;
    *) echo "$*: $said" >&2; return 1 ;;
  esac
}

# Marked packets belong to this machine, wherever they are going. `iif` keeps the rules away from what this machine
# itself sends: its answers may carry the mark too (tcp_fwmark_accept), and source checks look at it (src_valid_mark).
routes() {
  for family in $families; do
    [ "$1" = del ] || ip $family route replace local default dev lo table "$TABLE" proto static
    for interface in "$LAN" "$WAN"; do
      settled ip $family rule "$1" pref 100 iif "$interface" fwmark "$MARK/$MARK" lookup "$TABLE" proto static
    done
    [ "$1" = add ] || settled ip $family route del local default dev lo table "$TABLE" proto static
  done
}

on() {
  ip link show dev "$LAN" >/dev/null
  ip link show dev "$WAN" >/dev/null
  routes add
  nft -f - <<RULES
add table inet hyalite
delete table inet hyalite
table inet hyalite {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    # What is meant for this machine itself is not intercepted.
    iifname { "$LAN", "$WAN" } fib daddr type local accept
    # Connections that begin go to the proxy.
    iifname "$LAN" tcp dport { $(echo $PORTS | sed 's/ /, /g') } tcp flags syn / fin,syn,rst,ack jump beginning
    # What only a listening socket would take began before these rules, or in the other direction: it stays as it is.
    iifname { "$LAN", "$WAN" } socket wildcard 1 accept
    # The rest of a connection with the proxy follows its beginning, as do answers to what the proxy sent from a client's
    # address, and ICMP about either: path MTU discovery fails without.
    iifname { "$LAN", "$WAN" } socket transparent 1 meta mark set meta mark or $MARK accept
    $([ "$QUIC" = pass ] || echo "iifname \"$LAN\" udp dport 443 reject with icmpx port-unreachable")
  }
  chain beginning {
    meta l4proto tcp tproxy to :$PORT meta mark set meta mark or $MARK accept
    # Only reached when nothing listens there, or not transparently.
    $([ "$WHEN_DOWN" = pass ] || echo "meta l4proto tcp reject with tcp reset")
  }
  chain input {
    type filter hook input priority filter; policy accept;
    # Intercepted packets keep their port: on this one the outside has no business.
    iifname "$WAN" tcp dport $PORT tcp flags syn / fin,syn,rst,ack reject with tcp reset
  }
}
RULES
}

off() {
  settled nft delete table inet hyalite
  routes del
}

case ${1:-} in
  on | off) "$1" ;;
  *) echo "usage: $0 on|off" >&2; exit 2 ;;
esac
