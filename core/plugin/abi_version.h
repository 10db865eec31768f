// Which plugins this host takes, by the version of the interface that they were built for: rule R9 of hyalite/abi.h. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/abi.h>

#include <string>

#include "plugin/elf_file.h"

namespace hyalite {

struct AbiVersion {
  unsigned major = HYALITE_ABI_MAJOR, minor = HYALITE_ABI_MINOR;
};

inline std::string text(AbiVersion version) { return std::to_string(version.major) + "." + std::to_string(version.minor); }

// Why a host of this version does not take it, and what is to be done; empty when it does.
inline std::string why_refused(const PluginIdentity& plugin, AbiVersion host = {}) {
  const AbiVersion built_for{plugin.abi_major, plugin.abi_minor};
  const std::string facts = "is built for version " + text(built_for) + " of the plugin interface, this is " + text(host) + ": ";
  if (plugin.abi_major != host.major) return facts + "rebuild it with the headers of this Hyalite";
  if (host.major == 0) return plugin.abi_minor == host.minor ? "" : facts + "rebuild it with the headers of this Hyalite";
  if (plugin.min_host_minor <= host.minor) return "";
  return facts + "it needs " + text({host.major, plugin.min_host_minor}) + " at least; install a newer Hyalite, or build it with -DHYALITE_ABI_MINOR=" +
         std::to_string(host.minor);
}

}  // namespace hyalite
