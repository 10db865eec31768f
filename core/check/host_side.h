// The host's tables, as the plugin under check gets them.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

namespace hyalite {

// A table of the host, and where each of its members ends: what an older host may have had of it.
struct HostTable {
  std::string_view id;
  std::vector<std::pair<std::string_view, std::size_t>> members;  // name, end
};
const std::vector<HostTable>& host_tables();

// The table of this id, each of its functions behind the layer, as the layer's plan wants it. NULL: there is none.
const void* host_table(const hyalite_host* real, std::string_view id);

}  // namespace hyalite
