#!/usr/bin/env bash
# Inside a Debian of one's own (debian.sh): installs the packages that lie in build/package, serves as the unit would, replaces the
# package while it serves, removes and purges it, and says what was left behind.
# SPDX-License-Identifier: MIT
set -euo pipefail
packages=(build/package/hyalite_*.deb build/package/hyalite-dev_*.deb)
fail() { echo "FAILED: $*" >&2; exit 1; }
have() { [ -e "$1" ] || fail "$1 is missing"; }
gone() { [ ! -e "$1" ] || fail "$1 was left behind"; }

apt-get update -qq
apt-get install -y -qq --no-install-recommends "${packages[@]/#/./}" python3-minimal >/dev/null
for file in /usr/bin/hyalite /etc/hyalite/hyalite.yaml /usr/lib/systemd/system/hyalite.service /var/log/hyalite \
  /usr/include/hyalite/plugin.h /usr/share/man/man1/hyalite.1*; do have "$file"; done
library=$(ldconfig -p | sed -n 's/.*libhyalite-testing\.so\..* => //p')
[ -n "$library" ] || fail "the loader does not know libhyalite-testing"
! ldd "$library" | grep 'not found' || fail "$library lacks libraries"
dpkg-query -W -f '${Depends}' hyalite-dev | grep -q libssl || fail "hyalite-dev does not say what its library needs"
[ "$(stat -c %U:%a /var/log/hyalite)" = hyalite:750 ] || fail "/var/log/hyalite is $(stat -c %U:%a /var/log/hyalite)"
getent passwd hyalite >/dev/null || fail "no user hyalite"
hyalite --version
hyalite check

# What systemd does with the unit: its directories, its readiness.
mkdir -p /run/hyalite && chown hyalite:hyalite /run/hyalite
export RUNTIME_DIRECTORY=/run/hyalite NOTIFY_SOCKET=/run/notify.sock
python3 -c '
import os, socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(os.environ["NOTIFY_SOCKET"])
manager.settimeout(20)
if os.fork() == 0:
    os.execv("/usr/bin/hyalite", ["hyalite", "run"])
while True:
    said = manager.recv(4096).decode()
    if "READY=1" in said:
        break
print("ready:", [line for line in said.splitlines() if line.startswith("STATUS=")][0])
open("/run/master.pid", "w").write([line for line in said.splitlines() if line.startswith("MAINPID=")][0][8:])
'
master=$(cat /run/master.pid)
unset NOTIFY_SOCKET
hyalite status

echo "-- the package is replaced while it serves"
apt-get install -y -qq --reinstall "./${packages[0]}" >/dev/null
hyalite upgrade
[ "$(readlink "/proc/$master/exe")" = /usr/bin/hyalite ] || fail "the master is not the installed program: $(readlink "/proc/$master/exe")"
hyalite status | head -2

echo "-- removed"
kill "$master"
while kill -0 "$master" 2>/dev/null; do read -rt 0.1 <> <(:) || true; done
apt-get remove -y -qq hyalite hyalite-dev >/dev/null
gone /usr/bin/hyalite
gone /usr/include/hyalite
have /etc/hyalite/hyalite.yaml
echo "-- purged"
dpkg --purge hyalite hyalite-dev >/dev/null
for file in /etc/hyalite /var/log/hyalite /var/lib/hyalite /etc/logrotate.d/hyalite; do gone "$file"; done
dpkg -l 'hyalite*' 2>/dev/null | grep -E '^(ii|rc)' && fail "dpkg still knows it"
echo "packages: installed, served, replaced, removed, purged"
