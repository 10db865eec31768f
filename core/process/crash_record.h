// How often workers die, and of whom.
// SPDX-License-Identifier: MIT
//
// From it follows when a fresh generation is due, and which plugins are in quarantine.
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace hyalite {

// So often within so long.
struct Rate {
  std::size_t count = 1;
  Milliseconds within{};
};

class RateWatch {
 public:
  // It happened. True when that was once too often; counting begins anew then.
  bool note(Monotonic now, const Rate& rate);

 private:
  std::deque<Monotonic> times_;  // at most rate.count
};

// Kept by the master, across generations.
class CrashRecord {
 public:
  struct Limits {
    Rate crashes{5, Seconds{60}};
    Rate quarantine{3, std::chrono::minutes{10}};
  };
  enum class Advice {
    go_on,
    fresh_generation,  // respawning for ever from one image would let an attacker guess its
                       // addresses
    quarantine,        // a fresh generation, without the plugin
  };

  void set_limits(const Limits& limits) { limits_ = limits; }
  // A worker died; `instance`: the plugin that was running, or empty; `build`: as what it was
  // loaded.
  Advice on_death(std::string_view instance, std::string_view build, Monotonic now);

  // The instances with the build for which they are there; empty: any.
  const std::map<std::string, std::string>& quarantined() const { return quarantined_; }
  // The same as words, "ads=0123" or "ads": to be told to other processes; and back.
  std::set<std::string> words() const;
  void quarantine(std::string_view word);
  // It was loaded again, as another build.
  void release(const std::string& instance);
  void release_all();

 private:
  static constexpr std::size_t kMostInstances =
      1'024;  // names come from a process that runs plugins

  Limits limits_;
  RateWatch crashes_;
  std::map<std::string, RateWatch, std::less<>> faults_;
  std::map<std::string, std::string> quarantined_;
};

// Pauses between tries that fail: none, then longer and longer.
class Backoff {
 public:
  Backoff(Milliseconds first, Milliseconds longest) : first_(first), longest_(longest) {}
  // How long to wait before the next try, when the last one lasted that long.
  Milliseconds after(Milliseconds lasted);
  // A try did not fail.
  void begin_anew() { next_ = Milliseconds{0}; }

 private:
  Milliseconds first_, longest_;
  Milliseconds next_{0};
};

}  // namespace hyalite
