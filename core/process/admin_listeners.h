// Where the admin process is asked: its listening sockets, new or taken over from the one before.
// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "process/parts.h"
#include "settings/settings.h"

namespace hyalite {

// Takes those of `before` that the settings still want, and opens the others. Called with the
// privileges of the start.
Result<KeptListeners> open_admin_listeners(const Settings& settings, KeptListeners before);

}  // namespace hyalite
