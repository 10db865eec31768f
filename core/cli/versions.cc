// Which versions of what this program runs with.
// SPDX-License-Identifier: MIT
#include "cli/versions.h"

#include <hyalite/abi.h>

#include "event/loop.h"
#include "http/parser.h"

namespace hyalite {

std::string versions() {
  return "hyalite " HYALITE_VERSION "\nplugin ABI " + std::to_string(HYALITE_ABI_MAJOR) + "." +
         std::to_string(HYALITE_ABI_MINOR) + "\nlibevent " + libevent_version() + "\nllhttp " +
         std::string(llhttp_version()) + "\n";
}

}  // namespace hyalite
