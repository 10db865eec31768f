#!/usr/bin/env bash
# Boots a Debian that lies in a directory, with systemd as process 1 in namespaces and a control group of its own, runs a command
# in it, and ends it: boot.sh ROOT COMMAND... As root; needs cgroup v2 mounted somewhere (beside v1 is enough).
# SPDX-License-Identifier: MIT
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
root=$(realpath "$1")
shift
[ -x "$root/lib/systemd/systemd" ] || { echo "no systemd in $root" >&2; exit 1; }
groups=$(findmnt -nro TARGET -t cgroup2 | head -1)
[ "$groups" ] || { echo "no cgroup v2 is mounted here: systemd cannot be process 1" >&2; exit 1; }
group=$groups/hyalite-boot-$$

# Inside of the namespaces: a machine as systemd.io/CONTAINER_INTERFACE wants it. /proc/sys and /sys are read-only, but for the
# kernel settings of its own network.
machine=$(cat <<'INSIDE'
set -eu
mount --bind "$1" "$1"
cd "$1"
mount -t proc -o nosuid,nodev,noexec proc proc
mount -t sysfs -o nosuid,nodev,noexec,ro sysfs sys
mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 sys/fs/cgroup
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
mount -t tmpfs -o mode=755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp
mount -t tmpfs -o mode=755,nosuid tmpfs dev
for device in null zero full random urandom tty; do
  : >dev/$device
  mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
[ ! -e etc/resolv.conf ] || mount --bind /etc/resolv.conf etc/resolv.conf
ip link set lo up
pivot_root . mnt
cd /
umount -l /mnt
# What concerns the machine as a whole it may not.
exec env -i container=hyalite-boot PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  setpriv --bounding-set -sys_module,-sys_rawio,-sys_time,-sys_boot,-syslog,-mac_admin,-mac_override \
  /lib/systemd/systemd --unit=multi-user.target --log-target=journal --show-status=no
INSIDE
)

mkdir "$group"
manager=
end() {
  [ -z "$manager" ] || { kill -KILL "$manager"; wait "$manager"; } 2>/dev/null || true
  # The kernel lets go of processes one by one.
  until find "$group" -depth -type d -exec rmdir {} + 2>/dev/null; do read -rt 0.1 <> <(:) || true; done
}
trap end EXIT
(
  echo "$BASHPID" >"$group/cgroup.procs"
  exec unshare --cgroup --mount --net --uts --ipc --pid --fork --kill-child bash -c "$machine" boot "$root"
) </dev/null &
manager=$!

inside() {
  nsenter -t "$first" --mount --uts --ipc --net --pid --cgroup -- \
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@"
}
first=
for _ in $(seq 300); do
  kill -0 "$manager" 2>/dev/null || { manager=; echo "systemd did not come up" >&2; exit 1; }
  first=$(cat "/proc/$manager/task/$manager/children" 2>/dev/null || true)
  first=${first% }
  # Until it has its private socket it cannot be asked.
  [ "$first" ] && [ -S "/proc/$first/root/run/systemd/private" ] && break
  read -rt 0.1 <> <(:) || true
done
inside systemctl is-system-running --wait >/dev/null || true
inside systemctl --version | head -1
inside "$@"
