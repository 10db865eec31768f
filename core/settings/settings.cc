// Every setting with its default and its meaning: the reference manual.
// SPDX-License-Identifier: MIT
#include "settings/settings.h"

namespace hyalite {

std::string default_control_socket(std::uint32_t user_id, const char* xdg_runtime_dir) {
  if (user_id == 0) return "/run/hyalite/control.sock";
  if (xdg_runtime_dir == nullptr || *xdg_runtime_dir == '\0') return {};
  return std::string(xdg_runtime_dir) + "/hyalite/control.sock";
}

}  // namespace hyalite
