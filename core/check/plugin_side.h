// The tables of the plugin under check, as the host gets them.
// SPDX-License-Identifier: MIT
#pragma once

namespace hyalite {

// In place of the plugin's own get_interface: its hooks behind the layer. NULL: it has no such table.
const void* plugin_table(const char* id);

}  // namespace hyalite
