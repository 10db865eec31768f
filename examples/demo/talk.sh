#!/usr/bin/env bash
# Talks to a server that speaks first: not a word before its greeting. `talk.sh ADDRESS PORT`
# SPDX-License-Identifier: MIT
set -eu
exec {server}<>"/dev/tcp/$1/$2"
read -r greeting <&$server
printf '%s\n' "$greeting"
printf 'HELO client.lab\r\nQUIT\r\n' >&$server
cat <&$server
