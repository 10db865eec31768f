// What clients and upstreams say to each other while a plugin is checked. SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "flow/stage.h"

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
  std::size_t longest() const;
};

// Correct and ordinary, and between them every hook: bodies of each framing, trailers, interim responses, upgrades, a tunnel,
// what is no HTTP, TLS.
const std::vector<Conversation>& ordinary_conversations();
// Correct, or nearly, and unusual: what a client or a server can send to whoever inspects it. Number `n` of `seed`.
Conversation odd_conversation(std::uint64_t seed, std::uint64_t n);
inline constexpr std::uint64_t kOddKinds = 24;  // so many of one seed have one of each

// ---- for checks of their own
std::string get(std::string_view path, std::string_view fields = {});
std::string post(std::string_view body, std::string_view fields = {});
std::string ok(std::string_view body, std::string_view fields = {});
std::string chunked(std::string_view body, std::size_t piece);
std::string client_hello(std::string_view server_name);

}  // namespace hyalite
