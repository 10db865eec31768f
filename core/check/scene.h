// A conversation that was held, and what came of it. SPDX-License-Identifier: MIT
#pragma once

#include <set>
#include <string>
#include <vector>

#include "check/script.h"
#include "check/held_flow.h"
#include "check/world.h"

namespace hyalite {

// How what is said arrives.
struct Cutting {
  enum class Way { whole, at, drips, anyhow };
  Way way = Way::whole;
  std::size_t place = 0;          // at: every line is cut there
  Random* random = nullptr;       // anyhow
  std::vector<std::string_view> pieces(std::string_view line) const;
  std::string text() const;
};

// What can be compared: without what depends on how the bytes arrived (where chunks begin), with all that does not.
struct Scene {
  std::string to_upstream, to_client, fate;
  std::vector<std::string> ended;
  bool operator==(const Scene&) const = default;
};

Scene perform(World& world, const Conversation& conversation, const Cutting& cutting = {});
// Their lines in turns; which comes next is drawn. One scene for each.
std::vector<Scene> perform_interleaved(World& world, const std::vector<Conversation>& all, Random& random);

// The headers, by their lower-case names, whose values are not the same in two scenes that should be; and what else differs.
struct SceneDifference {
  std::set<std::string> headers;
  std::string other;  // for a person; empty: nothing
};
SceneDifference difference(const Scene& one, const Scene& another);
// Without these headers' values.
Scene without(Scene scene, const std::set<std::string>& headers);

}  // namespace hyalite
