// What is checked, in order. SPDX-License-Identifier: MIT
#pragma once

#include <span>

#include "check/workbench.h"

namespace hyalite {

// What has to be there for a check to mean anything: when the last check of one step fails, those of later steps are skipped.
enum class CheckStep { file, load, instance };

struct PluginCheck {
  const char* id;
  const char* title;  // what is true of a good plugin
  CheckStep step;
  void (*run)(Workbench&);
};

std::span<const PluginCheck> plugin_checks();

// ---- the file, without running any of it (file_checks.cc)
void check_place(Workbench& bench);
void check_note(Workbench& bench);
void check_exports(Workbench& bench);
void check_imports(Workbench& bench);
void check_libraries(Workbench& bench);
void check_hardening(Workbench& bench);
// ---- loading and creating (load_checks.cc)
void check_loading(Workbench& bench);
void check_tables(Workbench& bench);
void check_creating(Workbench& bench);
void check_settings(Workbench& bench);
void check_instances(Workbench& bench);
// ---- other hosts (host_checks.cc)
void check_older_host(Workbench& bench);
void check_newer_host(Workbench& bench);
void check_failing_calls(Workbench& bench);
void check_failing_allocations(Workbench& bench);
// ---- what passes (flow_checks.cc)
void check_ordinary(Workbench& bench);
void check_pieces(Workbench& bench);
void check_interleaved(Workbench& bench);
void check_cut(Workbench& bench);
void check_odd(Workbench& bench);
void check_services(Workbench& bench);
// ---- what it costs (cost_checks.cc)
void check_blocking(Workbench& bench);
void check_growth(Workbench& bench);
void check_leaks(Workbench& bench);

}  // namespace hyalite
