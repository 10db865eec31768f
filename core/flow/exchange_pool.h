// Where exchanges come from and where their memory goes: to the next one, which then allocates nothing.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <vector>

#include "flow/exchange.h"

namespace hyalite {

// One per worker; outlives its exchanges.
class ExchangePool {
 public:
  // Of so many exchanges that ended the memory is kept, some kilobytes each. 0: each has memory of its own, where a checker of
  // memory sees every look at one that ended.
  explicit ExchangePool(std::size_t most_spare);
  ~ExchangePool();
  ExchangePool(const ExchangePool&) = delete;
  ExchangePool& operator=(const ExchangePool&) = delete;

  ExchangePtr begin(Chain& chain, FlowSubject& flow, std::uint64_t number, const HttpRules& rules, const Clock& clock);
  std::size_t spare() const { return spare_.size(); }

 private:
  friend struct EndExchange;
  struct Place;
  void take_back(std::unique_ptr<Place> place);

  const std::size_t most_spare_;
  std::vector<std::unique_ptr<Place>> spare_;
};

}  // namespace hyalite
