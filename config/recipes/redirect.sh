#!/bin/sh
# Brings connections to the proxy by rewriting their destination (NAT), IPv4 and IPv6: redirect.sh on | off. Both may be
# repeated.
# SPDX-License-Identifier: MIT
set -eu
LAN=${LAN:-lan}                 # the interface that clients are behind
PORT=${PORT:-8080}              # where the proxy listens
PORTS=${PORTS:-80 443}          # destination ports that are brought to it
QUIC=${QUIC:-refuse}            # HTTP/3 is refused, so that clients use TCP at once; "pass" lets it go by

# What is gone need not be removed.
settled() {
  said=$("$@" 2>&1) || case $said in
    *'No such'*) ;;
    *) echo "$*: $said" >&2; return 1 ;;
  esac
}

on() {
  ip link show dev "$LAN" >/dev/null
  nft -f - <<RULES
add table inet hyalite
delete table inet hyalite
table inet hyalite {
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    # What is meant for this machine itself is not intercepted.
    iifname "$LAN" fib daddr type local accept
    # Connections that begin go to the proxy, which asks the kernel where they were going; those that were open before
    # look new to the kernel too, but begin with no SYN: they stay as they are.
    iifname "$LAN" tcp dport { $(echo $PORTS | sed 's/ /, /g') } tcp flags syn / fin,syn,rst,ack redirect to :$PORT
  }
  chain input {
    type filter hook input priority filter; policy accept;
    # Only clients have business on the proxy's port.
    iifname != { "$LAN", "lo" } tcp dport $PORT tcp flags syn / fin,syn,rst,ack reject with tcp reset
  }
  chain forward {
    type filter hook forward priority filter; policy accept;
    $([ "$QUIC" = pass ] || echo "iifname \"$LAN\" udp dport 443 reject with icmpx port-unreachable")
  }
}
RULES
}

off() {
  settled nft delete table inet hyalite
}

case ${1:-} in
  on | off) "$1" ;;
  *) echo "usage: $0 on|off" >&2; exit 2 ;;
esac
