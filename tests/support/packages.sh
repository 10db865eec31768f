# Installs Debian packages that are missing; sourced by ./demo and ./test.
# SPDX-License-Identifier: MIT

# What a build needs.
build_packages=(build-essential cmake ninja-build pkg-config libevent-dev libyaml-cpp-dev nlohmann-json3-dev libvalijson-dev
  libcli11-dev libssl-dev libre2-dev libidn2-dev zlib1g-dev)
# Debian 13 has llhttp as a library; Debian 12 as C sources, which are compiled in.
if [ "$(apt-cache policy libllhttp-dev 2>/dev/null | sed -n 's/.*Candidate: *//p')" ] &&
   [ "$(apt-cache policy libllhttp-dev | sed -n 's/.*Candidate: *//p')" != "(none)" ]; then
  build_packages+=(libllhttp-dev)
else
  build_packages+=(node-llhttp)
fi
# What the private lab needs: rules and routes, a client, a web server.
lab_packages=(iproute2 nftables curl nginx-light python3 netcat-openbsd procps util-linux)
