#!/usr/bin/env bash
# Tries Hyalite on a fresh Debian: the two newcomer commands from nothing, then the packages: installed, served from, replaced
# while serving, removed, purged; then the same under a real systemd. As root: tests/install/debian.sh SUITE ROOT [step...]; ROOT is
# a directory that is made once by debootstrap and may be kept. Steps: demo test package install systemd; all when none is named.
# SPDX-License-Identifier: MIT
set -euo pipefail
usage() { sed -n '2,4s/^# //p' "$0" >&2; exit 2; }
[ $# -ge 2 ] || usage
suite=$1 root=$2
shift 2
steps=("$@")
[ ${#steps[@]} -gt 0 ] || steps=(demo test package install systemd)
here=$(cd "$(dirname "$0")/../.." && pwd)
command -v debootstrap >/dev/null || { echo "missing: debootstrap" >&2; exit 1; }

[ -e "$root/etc/debian_version" ] || debootstrap --variant=minbase "$suite" "$root" >"$root.log" 2>&1 ||
  { tail -5 "$root.log" >&2; exit 1; }

# A plain chroot forbids user namespaces, which the lab needs; and where /proc is covered in part, as containers have it, an ordinary user may mount none of his
# own. COMPILER_CACHE is a directory for ccache, else there is none.
enter='
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
for shared in dev sys; do mount --rbind /$shared $shared; done
mount -t tmpfs -o mode=755 tmpfs run
mount --bind /etc/resolv.conf etc/resolv.conf
if [ "$2" ]; then
  mkdir -p var/cache/ccache
  mount --bind "$2" var/cache/ccache
fi
pivot_root . mnt
umount -l /mnt
cd /src
shift 2
exec "$@"
'
inside() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 \
    ${COMPILER_CACHE:+CCACHE_DIR=/var/cache/ccache CCACHE_BASEDIR=/src CCACHE_NOHASHDIR=1 CCACHE_COMPILERCHECK=content} \
    unshare --mount --pid --ipc --fork --kill-child sh -euc "$enter" sh "$root" "${COMPILER_CACHE:-}" "$@"
}

rm -rf "$root/src.new"
mkdir -p "$root/src.new" "$root/src"
git -C "$here" archive HEAD | tar -x -C "$root/src.new"
# Files that did not change keep their time, so that a second run builds little.
command -v rsync >/dev/null && rsync -rlc --delete --exclude build "$root/src.new/" "$root/src/" ||
  cp -a "$root/src.new/." "$root/src/"
rm -rf "$root/src.new"
# /etc/resolv.conf has to be there to be covered.
[ -e "$root/etc/resolv.conf" ] || touch "$root/etc/resolv.conf"
# An installer writes it, debootstrap does not.
[ -e "$root/etc/hosts" ] || echo "127.0.0.1 localhost" >"$root/etc/hosts"

step_demo() { inside ./demo; }
step_test() { inside ./test; }
step_package() {
  # The packages that building needs; ./demo would have installed them.
  inside bash -c '. tests/support/packages.sh && need_packages "to build" "${build_packages[@]}" file'
  inside cmake --workflow --preset package
  inside sh -c 'ls -l build/package/*.deb'
}
step_install() { inside bash tests/install/packages_live.sh; }
step_systemd() {
  # What the machine that boots needs has to lie ready: it has no network but its own.
  inside bash -c '. tests/support/packages.sh && need_packages "to boot" systemd iproute2 nftables python3 procps logrotate'
  inside sh -c 'exec apt-get install -y -qq --no-install-recommends --download-only ./build/package/hyalite_*.deb ./build/package/hyalite-dev_*.deb' >/dev/null
  "$here/tests/install/boot.sh" "$root" sh -c 'cd /src && exec python3 tests/install/systemd_live.py'
}

for step in "${steps[@]}"; do
  echo "==== $suite: $step"
  "step_$step"
done
echo "==== $suite: done (${steps[*]})"
