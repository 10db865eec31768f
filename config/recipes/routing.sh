#!/bin/sh
# Brings connections to the proxy with routing rules alone, IPv4 and IPv6: routing.sh on | off. Both may be repeated.
# SPDX-License-Identifier: MIT
set -eu
LAN=${LAN:-lan}         # the interface that clients are behind
WAN=${WAN:-wan}         # the interface that origins are behind
PORTS=${PORTS:-80 443}  # destination ports that are brought to the proxy, which has a listener on each of them
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

# Packets of these ports belong to this machine, wherever they are going: those to the ports that come from clients, and
# those from the ports that come from origins (the answers to what the proxy sent from a client's address).
rules() {
  for port in $PORTS; do
    settled ip $2 rule "$1" pref 100 iif "$LAN" ipproto tcp dport "$port" lookup "$TABLE" proto static
    settled ip $2 rule "$1" pref 101 iif "$WAN" ipproto tcp sport "$port" lookup "$TABLE" proto static
  done
  [ "$QUIC" = pass ] || settled ip $2 rule "$1" pref 99 iif "$LAN" ipproto udp dport 443 prohibit proto static
}

on() {
  ip link show dev "$LAN" >/dev/null
  ip link show dev "$WAN" >/dev/null
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
}

case ${1:-} in
  on | off) "$1" ;;
  *) echo "usage: $0 on|off" >&2; exit 2 ;;
esac
