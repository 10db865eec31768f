// Runs one case of the corpus in one splitting, and says what is not as it should be.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/corpus/cases.h"
#include "tests/support/gateway.h"

namespace hyalite {

// How bytes arrive.
struct Splitting {
  enum class Kind { whole, byte_by_byte, random };
  Kind kind = Kind::whole;
  std::uint64_t seed = 0;

  std::vector<std::string> cut(std::string_view bytes) const;
  std::string text() const;
};

// Through the stages of a flow, both sides played. Empty: all is well. The case's edits are made when the gateway has the editor.
std::string judge(Gateway& gateway, const corpus::Case& made, const Splitting& splitting);
// The same while a plugin looks at every body: `wish` is tap, stream, resize or full. What is valid passes; of what is not,
// nobody gets a whole message more.
std::string judge_looked_at(Gateway& gateway, const corpus::Case& made, const Splitting& splitting, const std::string& wish);
// Through the readers of the http room alone.
std::string judge_readers(const corpus::Case& made, const Splitting& splitting);
// Is the referee of the same mind about the case as it is written?
std::string judge_referee(const corpus::Case& made);

}  // namespace hyalite
