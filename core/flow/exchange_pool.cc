// Where exchanges come from and where their memory goes.
// SPDX-License-Identifier: MIT
#include "flow/exchange_pool.h"

namespace hyalite {

struct ExchangePool::Place : ExchangeRoom {
  explicit Place(ExchangePool& pool) : home(pool) {}
  ExchangePool& home;
  std::optional<Exchange> exchange;
  bool painted = false;  // what was in it shall be seen to be gone
};

ExchangePool::ExchangePool(std::size_t most_spare) : most_spare_(most_spare) { spare_.reserve(most_spare); }

ExchangePool::~ExchangePool() = default;

ExchangePtr ExchangePool::begin(Chain& chain, FlowSubject& flow, std::uint64_t number, const HttpRules& rules, const Clock& clock) {
  std::unique_ptr<Place> place;
  if (spare_.empty()) {
    place = std::make_unique<Place>(*this);
  } else {
    place = std::move(spare_.back());
    spare_.pop_back();
  }
  place->painted = chain.validates();
  Exchange& begun = place->exchange.emplace(chain, flow, number, rules, clock, *place);
  static_cast<void>(place.release());  // until EndExchange
  return ExchangePtr(&begun);
}

void ExchangePool::take_back(std::unique_ptr<Place> place) {
  if (place->painted || spare_.size() == most_spare_) return;
  place->clear();
  spare_.push_back(std::move(place));
}

void EndExchange::operator()(Exchange* exchange) const {
  std::unique_ptr<ExchangePool::Place> place(static_cast<ExchangePool::Place*>(&exchange->room()));
  place->exchange.reset();
  place->home.take_back(std::move(place));
}

void ExchangeRoom::clear() {
  arena.clear();
  request.forget();
  response.forget();
  request_body.forget();
  response_body.forget();
}

}  // namespace hyalite
