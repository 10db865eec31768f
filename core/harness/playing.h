// Conversations as scripts, played whole or cut in every way the network might cut them.
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "harness/bench.h"
#include "harness/talk.h"

namespace hyalite {

// What happens next. What cannot happen (the upstream was never connected) does not.
struct Step {
  enum class What { say, end, break_off, time_passes, let_connect };
  What what = What::say;
  Side side = Side::client;
  std::string bytes = {};             // say
  std::chrono::nanoseconds time{0};  // time_passes
};
using Script = std::vector<Step>;

// How each text of a script arrives.
struct Cut {
  enum class How { whole, in_two, byte_by_byte, at_random };
  How how = How::whole;
  std::size_t at = 0;      // in_two: so many bytes first
  std::uint64_t seed = 0;  // at_random
  std::string text() const;
};

std::unique_ptr<Talk> play(Bench& bench, const TalkOptions& options, const Script& script, const Cut& cut = {});

// All that counts of what came of it, a line each: the messages (without how they are framed and whether their connection goes on, see
// beside_framing), what is behind them, how the connections ended (see comparable_reason), and what the plugins decided, noted and
// found. Not told: the beginning of a message whose end never came, since how much of it came is the network's doing.
std::string outcome_of(const Bench& bench, const Talk& talk);

struct EveryWay {
  std::unique_ptr<Talk> whole;  // uncut, and over
  std::size_t ways = 0;         // that were played
  std::string difference;       // where one of them came out differently; empty: none did
};

// Every cut in two (of long texts: 2048 of them), byte by byte, and some at random. At the end of the script both sides end.
EveryWay play_in_every_way(Bench& bench, const TalkOptions& options, const Script& script, std::uint64_t seed = 1);

}  // namespace hyalite
