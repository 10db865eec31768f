// What a process that sees strangers' bytes may ask of the kernel: seccomp(2).
// SPDX-License-Identifier: MIT
//
// A list of what is needed, not of what is bad. What is asked beyond it is answered by another process (denials.h):
//
//   who is confined              who answers
//   worker                       its generation
//   generation, while it loads   the master; afterwards nobody: its denied calls fail without a word
//   checker                      nobody
//   admin                        the master
//   signer (who signs)           its keeper
//   keeper                       nobody
//
// So a plugin that tried gets an error and its name into the log, and goes on. The admin process, the keeper and the signer
// run nobody else's code: there, what only an intruder would try ends the process.
//
// Filters are inherited, and the kernel takes the strictest answer, of two alike the younger one's (seccomp(2)). A
// generation and a keeper fork others who put up a filter of their own: theirs lets pass whatever those need, asks at all
// else, too, and gives its listener away before (a process can have one).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "process/denied_call.h"
#include "settings/settings.h"

namespace hyalite {

enum class ConfinedPart { generation, worker, admin, keeper, signer };

// For ever, in this process and all it starts; it must have one thread, and no new privileges (privileges.h). The
// descriptor is where denied calls are asked about, to be given away or closed at once: while this process has it, it would
// wait for itself. Closed by everybody: denied calls fail, as those do that a kernel has not. None: there is no filter, or
// nobody can be asked and denied calls fail. What cannot be had is logged.
// `fixed`: shared memory of which parts were unmapped here; mremap(2) would bring them back, since it stretches a mapping over
// what follows in its file, whatever that file's seals say. There it is denied.
Fd confine(ConfinedPart part, const SeccompSettings& settings, Log& log, std::span<const std::byte> fixed = {});

// Those that are no system call on any machine.
std::vector<std::size_t> unknown_calls(const std::vector<std::string>& names);

// `arguments`: the first of them.
DeniedCall denied_call(int number, std::uint64_t first, std::uint64_t second);

}  // namespace hyalite
