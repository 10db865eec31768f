#!/bin/sh
# Brings connections to the proxy with routing rules, and the answers to it with one mark, IPv4 and IPv6:
# hybrid.sh on | off. Both may be repeated.
# SPDX-License-Identifier: MIT
set -eu
LAN=${LAN:-lan}         # the interface that clients are behind
WAN=${WAN:-wan}         # the interface that origins are behind
PORTS=${PORTS:-80 443}  # destination ports that are brought to the proxy, which has a listener on each of them
MARK=${MARK:-0x100000}  # one bit of the packet mark that nothing else uses: interception.mark
TABLE=${TABLE:-100}     # a routing table that nothing else uses
QUIC=${QUIC:-refuse}    # HTTP/3 is refused, so that clients use TCP at once; "pass" lets it go by

families=-4
[ ! -e /proc/net/if_inet6 ] || families='-4 -6'

# What is there already need not be added, and what is gone need not be removed.
settled() {
  said=$("$@" 2>&1) || case $said in
    *'File exists'* | *'No such'*) ;;
    *) echo "$*: $said" >&2; return 1 ;;
  esac
}

# Packets to these ports that come from clients belong to this machine, wherever they are going; so do marked ones that
# come from origins.
rules() {
  for port in $PORTS; do
    settled ip $2 rule "$1" pref 100 iif "$LAN" ipproto tcp dport "$port" lookup "$TABLE" proto static
  done
  settled ip $2 rule "$1" pref 101 iif "$WAN" fwmark "$MARK/$MARK" lookup "$TABLE" proto static
  [ "$QUIC" = pass ] || settled ip $2 rule "$1" pref 99 iif "$LAN" ipproto udp dport 443 prohibit proto static
}

on() {
  ip link show dev "$LAN" >/dev/null
  ip link show dev "$WAN" >/dev/null
  nft -f - <<RULES
add table inet hyalite
delete table inet hyalite
table inet hyalite {
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    # What only a listening socket would take has not begun here: it stays as it is.
    iifname "$WAN" socket wildcard 1 accept
    # Answers to what the proxy sent from a client's address, and ICMP about it: of any protocol, or path MTU discovery fails.
    iifname "$WAN" socket transparent 1 meta mark set meta mark or $MARK accept
  }
}
RULES
  for family in $families; do
    ip $family route replace local default dev lo table "$TABLE" proto static
    rules add $family
  done
}

off() {
  for family in $families; do
    rules del $family
    settled ip $family route del local default dev lo table "$TABLE" proto static
  done
  settled nft delete table inet hyalite
}

case ${1:-} in
  on | off) "$1" ;;
  *) echo "usage: $0 on|off" >&2; exit 2 ;;
esac
