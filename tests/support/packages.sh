# Installs Debian packages that are missing; sourced by ./demo and ./test.
# SPDX-License-Identifier: MIT

# What a build needs.
build_packages=(build-essential cmake ninja-build pkg-config libevent-dev libyaml-cpp-dev nlohmann-json3-dev libvalijson-dev
  libcli11-dev libssl-dev libre2-dev libidn2-dev zlib1g-dev libbrotli-dev libzstd-dev libseccomp-dev)
# Debian 13 has llhttp as a library; Debian 12 as C sources, which are compiled in.
if [ "$(apt-cache policy libllhttp-dev 2>/dev/null | sed -n 's/.*Candidate: *//p')" ] &&
   [ "$(apt-cache policy libllhttp-dev | sed -n 's/.*Candidate: *//p')" != "(none)" ]; then
  build_packages+=(libllhttp-dev)
else
  build_packages+=(node-llhttp)
fi
# What the private lab needs: rules and routes, a client, a web server.
lab_packages=(iproute2 nftables curl openssl nginx-light python3 netcat-openbsd procps util-linux)
# Tests besides: system calls and instructions counted, a wall clock that jumps, the schema of records, plans for iptables, clang for the fuzz targets,
# mandoc for the man pages. (Chromium and libnss3-tools, where they are installed, are tried too.)
test_packages=(libfaketime libgtest-dev libgmock-dev libbenchmark-dev abigail-tools python3-jsonschema python3-websockets iptables clang libclang-rt-dev mandoc)
test_packages+=(strace valgrind)

# need_packages WHY PACKAGE...: says what is missing and why, then installs it.
need_packages() {
  local why=$1 missing=() package
  shift
  for package in "$@"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
      installed) ;;
      *) [ "$package" = nginx-light ] && command -v nginx >/dev/null || missing+=("$package") ;;
    esac
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "Missing, $why: ${missing[*]} (Debian's names). This machine has no apt-get: please install them by hand." >&2
    return 1
  fi
  echo "Installing with apt, $why: ${missing[*]}"
  local sudo=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "Not root and no sudo: please install them yourself." >&2; return 1; }
    sudo=(sudo)
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # A package may start its service at once (nginx would take port 80 of this machine): it is told not to.
  local guard=/usr/sbin/policy-rc.d guarded=
  if [ ! -e "$guard" ]; then
    guarded=yes
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$guard" >/dev/null
    "${sudo[@]}" chmod 755 "$guard"
  fi
  local status=0
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" \
    >/dev/null || status=$?
  if [ "$guarded" ]; then "${sudo[@]}" rm -f "$guard"; fi
  return $status
}
