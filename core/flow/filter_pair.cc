// Plugins that want the raw bytes of a WebSocket, and behind them those that want its messages.
// SPDX-License-Identifier: MIT
#include "flow/filter_pair.h"

namespace hyalite {

Outcome FilterPair::filter(Side from, Bytes bytes, bool end, Effects& effects) {
  Effects between;
  Outcome outcome = bytes_->filter(from, bytes, end, between);
  outcome = give_on(between, std::move(outcome), effects);
  if (!end || !std::holds_alternative<Stay>(outcome)) return outcome;
  return messages_->filter(from, {}, true, effects);
}

Outcome FilterPair::resume(Effects& effects) {
  Effects between;
  Outcome outcome = bytes_->resume(between);
  outcome = give_on(between, std::move(outcome), effects);
  return std::holds_alternative<Stay>(outcome) ? messages_->resume(effects) : outcome;
}

Outcome FilterPair::give_on(const Effects& between, Outcome outcome, Effects& effects) {
  // Who wanted the raw bytes has seen enough, and speaks for all.
  if (file_.uninspected) messages_->release(effects);
  for (Side from : {Side::client, Side::upstream}) {
    const auto& pieces = between.to(other(from));
    if (pieces.empty()) continue;
    // At once: what comes out is good until the next time.
    auto joined = std::make_unique<std::string>();
    for (Bytes piece : pieces) joined->append(piece);
    Outcome said = messages_->filter(from, *joined, false, effects);
    if (!std::holds_alternative<Stay>(said)) outcome = std::move(said);
    effects.keep(std::move(joined));
  }
  return outcome;
}

}  // namespace hyalite
