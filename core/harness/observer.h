// Sees how each exchange ended, as a plugin of the chain: what was decided, noted and found.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace hyalite {

struct EndedExchange {
  std::uint64_t flow = 0;
  std::string method, target;  // empty when no whole head came
  unsigned status = 0;
  std::uint32_t end = 0;  // enum hyalite_end
  std::string reason, decided_by, decision_reason;
  std::vector<std::pair<std::string, std::string>> notes;     // by name
  std::vector<std::pair<std::string, std::string>> findings;  // name, detail

  // But for the flow.
  bool same_as(const EndedExchange& other) const {
    EndedExchange copy = other;
    copy.flow = flow;
    return copy == *this;
  }
  bool operator==(const EndedExchange&) const = default;
};

// Stands first in the chain, so that it hears of each end last.
class Observer {
 public:
  static constexpr const char* kName = "hyalite-testing";

  // While it lives on this thread, an instance that is created reports to it.
  class Made {
   public:
    explicit Made(Observer& observer);
    ~Made();
  };
  static const hyalite_descriptor* descriptor();

  std::vector<EndedExchange> ended;

 private:
  friend struct ObserverHooks;
  const hyalite_host_http* http_ = nullptr;
  const hyalite_host_flow* flows_ = nullptr;
  const hyalite_host_notes* notes_ = nullptr;
};

}  // namespace hyalite
