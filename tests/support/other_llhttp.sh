#!/usr/bin/env bash
# Gets the version of llhttp that this Debian has not: tests/support/other_llhttp.sh DIRECTORY. Nothing is installed.
#
# Debian 12 has 8.1, as C sources; Debian 13 has 9, as a library: with both the verdicts must be the same. What is missing comes from
# the mirror that this machine uses anyway, checked by apt against Debian's keys, and is unpacked into DIRECTORY/root. Ends with 77
# and a reason where it cannot be had.
# SPDX-License-Identifier: MIT
set -euo pipefail
directory=${1:?where to?}

skip() {
  echo "$*" >&2
  exit 77
}

[ ! -e "$directory/root" ] || exit 0
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || skip "this is no Debian: no other llhttp"
own=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
case $(apt-cache policy libllhttp-dev 2>/dev/null | sed -n 's/.*Candidate: *//p') in
  '' | '(none)') release=trixie package=libllhttp-dev ;;
  *) release=bookworm package=node-llhttp ;;
esac
mirror=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' | awk -v own="$own" '$1 == own { print $2; exit }')
[ -n "$mirror" ] || skip "apt knows no mirror of Debian's $own: no other llhttp"

mkdir -p "$directory/lists/partial" "$directory/cache/archives/partial"
directory=$(realpath "$directory")
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $release main" >"$directory/sources.list"
apt() {
  timeout 180 apt-get -qq -o Dir::Etc::SourceList="$directory/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$directory/lists" \
    -o Dir::Cache="$directory/cache" -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=1 \
    -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 "$@"
}
apt update >"$directory/log" 2>&1 && (cd "$directory" && apt download "$package" >>log 2>&1) ||
  skip "Debian's $release cannot be reached for $package (see $directory/log): no other llhttp"
mkdir "$directory/unpacked"
dpkg-deb -x "$directory/$package"_*.deb "$directory/unpacked"
mv "$directory/unpacked" "$directory/root"
rm -rf "$directory/lists" "$directory/cache"
