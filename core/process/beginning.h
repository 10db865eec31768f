// How every part of the service begins: what it is told by the master, and the settings.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/result.h"
#include "process/channel.h"
#include "process/failure.h"
#include "process/messages.h"
#include "process/privileges.h"
#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

struct Beginning {
  Channel master;
  Begin message;
  std::string file;  // the settings file, as mistakes call it
  Fd settings_text;
  Fd master_life;  // its end: the master died
  Fd shared;       // the LoadNote of a generation, the totals of an admin process
  Fd refusals;     // the memory of Refusals, which outlives generations
};

// In a process made by start_child(). Waits for the first message, not for long.
Result<Beginning> await_beginning();

// The next message from the master; an error when the master is gone, or said nothing until the
// timeout (negative: none).
Result<Received> await_message(const Channel& channel, int master_life, Milliseconds timeout);

// Reads the settings, or says everything that is wrong with them.
struct SettingsOrFailure {
  Settings settings;
  Positions positions;
  std::optional<Failure> failure;
};
SettingsOrFailure read_settings(const Beginning& beginning);

// Becomes the service's user. `net_raw`: keeps that capability if there is one.
Result<LeftPrivileges> give_up_privileges(const Beginning& beginning, const WorkerSettings& workers,
                                          bool net_raw, Log& log);

}  // namespace hyalite
