// Every setting with its default and its meaning: the reference manual.
// SPDX-License-Identifier: MIT
#include "settings/settings.h"

namespace hyalite {

std::string default_control_socket(std::uint32_t user_id, const char* xdg_runtime_dir,
                                   const char* runtime_directory) {
  const auto given = [](const char* text) { return std::string_view(text == nullptr ? "" : text); };
  // systemd.exec(5): several directories are separated by colons.
  const std::string_view first =
      given(runtime_directory).substr(0, given(runtime_directory).find(':'));
  if (!first.empty()) return std::string(first) + "/control.sock";
  if (user_id == 0) return "/run/hyalite/control.sock";
  if (given(xdg_runtime_dir).empty()) return {};
  return std::string(xdg_runtime_dir) + "/hyalite/control.sock";
}

void apply(const LogSettings& settings, Log& log) {
  log.set_level(settings.level);
  const bool automatic = settings.format == LogFormat::automatic;
  log.set_for_journal(automatic ? stderr_goes_to_journal() : settings.format == LogFormat::journal);
}

}  // namespace hyalite
