// How the service is: one JSON object.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "admin/source.h"
#include "base/clock.h"
#include "metrics/totals.h"

namespace hyalite {

// "2026-01-31T12:00:00Z"
std::string iso_time(WallTime time);

// {"version", "started", "uptime_seconds", "master_pid", "settings_file", "serving", "listening": [], "generations":
// [{"number", "state", "pid", "since", "workers": [{"index", "pid", "replaced", "started"}]}],
// "counts": {...}, "plugins": [{"name", ..., "loaded", "faults", "quarantined"}], "faults": [{"at", "cause",
// "generation", "worker", "pid", "plugin", "hook", "what"}], "last_failure": text or null, "ca":
// {"subject", "sha256", "not_after", "ends_soon", "fault"} or null, "refused": [{"name", "count",
// "last", "passes_until": time or null, "cause", "clients": [{"address", "count", "sign"}]}]}.
// Members are only ever added; a worker has "retired_pid" and a fault "pid" only when there is one.
std::string status_json(const ServiceFacts& facts, const Totals& totals);

}  // namespace hyalite
