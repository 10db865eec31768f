// What a master leaves to the image that takes its place in an upgrade.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "process/messages.h"

namespace hyalite {

// Grows when the text below changes so that older programs could not read it.
inline constexpr std::uint32_t kStateFormat = 3;

// Descriptors are numbers here: they stay open across exec, and belong to whoever holds this.
struct MasterState {
  struct Group {
    Address asked, bound;
    bool transparent = false;
    std::vector<int> slots;
  };
  struct Generation {
    std::uint64_t number = 0;
    pid_t pid = -1;
    GenerationState state = GenerationState::serving;
    std::int64_t since_ns = 0;
    std::uint32_t workers = 0;
    std::uint64_t drain_ms = 0, stop_ms = 0;
    int channel = -1, board = -1, plugins = -1;
    std::vector<int> questions;
  };
  struct Admin {
    pid_t pid = -1;
    bool leaving = false;
    int channel = -1;
  };
  struct Asker {
    pid_t admin = -1;
    std::uint64_t command = 0;
  };
  struct Kept {
    int fd = -1;
    std::string path;
  };
  struct FinishedBoard {
    std::uint64_t number = 0;
    int board = -1;
  };

  std::string settings_file, user, program;
  std::int64_t started_ns = 0;
  std::uint64_t last_number = 0;
  std::uint64_t worker_deaths = 0, generation_deaths = 0, reloads = 0, failed_reloads = 0;
  std::array<std::uint64_t, kDeniedKindCount> denied{};
  int life_read = -1, life_write = -1, totals = -1, last_good = -1, refusals = -1;
  std::array<Kept, kKeptSockets> kept{};
  std::vector<Group> groups;
  std::vector<Generation> generations;
  std::vector<Admin> admins;
  std::vector<FinishedBoard> finished;
  std::vector<Asker> askers;  // who wants to know how the upgrade went
  std::set<std::string> quarantined;  // words (crash_record.h)
};

std::string write_state(const MasterState& state);
// All of it, or nothing: a state that is understood in part is none.
Result<MasterState> read_state(std::string_view text);
// Every descriptor in it.
std::vector<int> descriptors_of(const MasterState& state);

}  // namespace hyalite
