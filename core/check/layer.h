// Between the host and the plugin under check: the same interface on both sides. What passes is counted and written down;
// what the plan says is withheld, cut short, made longer, or fails. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace hyalite {

// What the plugin meets. Read when it asks for a table, and at each of its calls.
struct LayerPlan {
  std::string_view cut_table;       // the host's table of this id is an older host's ...
  std::size_t cut_to = 0;           // ... with so many bytes; behind them is no memory
  std::string_view withheld;        // the host does not have this table at all
  bool newer = false;               // everything of the host is longer than the plugin knows, and holds unknown values
  std::uint64_t fail_call = 0;      // which call of the host fails, from 1, of those that may fail; 0: none
  hyalite_status fail_with = HYALITE_E_LIMIT;
  std::uint64_t fail_allocation = 0;  // likewise, of the plugin's own allocations inside hooks
};

// How an exchange or a flow ended, as plugins are told it, with what plugins left about it.
struct Ended {
  std::uint64_t flow = 0;  // its id
  std::string text;
};

// There is one plugin under check in a process, and one layer. The interface's functions carry nothing that would lead
// to more.
class Layer {
 public:
  // Takes the real descriptor's place. `real` is for ever.
  static Layer& put_before(const hyalite_descriptor& real);
  static Layer& get();

  const hyalite_descriptor* descriptor() const { return &descriptor_; }
  const hyalite_descriptor& real() const { return *real_; }

  LayerPlan plan;
  const Clock* clock = nullptr;  // what the plugin is told the time is; null: the system's
  // When an answer was last begun that the plugin writes over time.
  std::optional<Monotonic> stream_began;
  // What ended since this was emptied; null: nobody wants to know.
  std::vector<Ended>* ended = nullptr;

  // Since start_counting(): calls that may fail, allocations inside hooks, exceptions that left the plugin.
  void start_counting() { calls_ = allocations_ = escapes_ = 0; }
  std::uint64_t calls() const { return calls_; }
  std::uint64_t allocations() const { return allocations_; }
  std::uint64_t escapes() const { return escapes_; }
  // The function whose call was made to fail last; empty: none was.
  std::string_view failed() const { return failed_; }

  // The host of an instance that is no more: its place may be used again.
  void forget(const hyalite_host* host);

  // ---- for the thunks
  struct Given;  // a host as the plugin was given it
  Given& give(const hyalite_host* host);
  const hyalite_host* host_behind(const hyalite_host* given) const;
  void remember(void* instance, Given& given);
  void refresh(void* instance);
  bool fails(std::string_view function);
  bool allocation_fails();
  void escaped() { ++escapes_; }
  // A place that is good until the hook returns.
  void* lend(std::size_t size);
  void end_lending();

 private:
  Layer() = default;
  const hyalite_descriptor* real_ = nullptr;
  hyalite_descriptor descriptor_{};
  std::vector<std::unique_ptr<Given>> given_;
  std::vector<std::vector<char>> lent_;
  std::uint64_t calls_ = 0, allocations_ = 0, escapes_ = 0;
  std::string_view failed_;
};

// Is this thread inside of the plugin's own code right now, called by us?
bool inside_plugin();

}  // namespace hyalite
