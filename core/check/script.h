// What clients and upstreams say to each other while a plugin is checked. SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flow/stage.h"
#include "harness/held_tls.h"

namespace hyalite {

// The same numbers for the same seed, on every machine (SplitMix64).
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next();
  // Below `limit`, which is not 0.
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(next() % limit); }

 private:
  std::uint64_t state_;
};

struct Line {
  Side from;
  std::string bytes;
};

struct Conversation {
  std::string name;
  std::vector<Line> lines;  // a side's answer comes only when it is there
  HandshakeEnds handshakes = {};  // where its TLS is looked into: see kLookedInto
  std::size_t longest() const;
};

// TLS for this name is looked into, without cryptography; every other passes.
inline constexpr const char* kLookedInto = "within.example";

// Correct and ordinary, and between them every hook: bodies of each framing, trailers, interim responses, upgrades, messages of a
// WebSocket, a tunnel, what is no HTTP, TLS that passes and that is looked into.
const std::vector<Conversation>& ordinary_conversations();
// Correct, or nearly, and unusual: what a client or a server can send to whoever inspects it. Number `n` of `seed`.
Conversation odd_conversation(std::uint64_t seed, std::uint64_t n);
inline constexpr std::uint64_t kOddKinds = 24;  // so many of one seed have one of each

// ---- for checks of their own
std::string get(std::string_view path, std::string_view fields = {});
std::string post(std::string_view body, std::string_view fields = {});
std::string ok(std::string_view body, std::string_view fields = {});
std::string chunked(std::string_view body, std::size_t piece);

}  // namespace hyalite
