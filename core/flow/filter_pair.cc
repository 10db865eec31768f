// Plugins that want the raw bytes of a WebSocket, and behind them those that want its messages.
// SPDX-License-Identifier: MIT
#include "flow/filter_pair.h"

namespace hyalite {

Outcome FilterPair::filter(Side from, Bytes bytes, bool end, Effects& effects) {
  if (file_.uninspected) {
    if (!bytes.empty()) effects.send(other(from), bytes);
    return Stay{};
  }
  Effects between;
  Outcome outcome = bytes_->filter(from, bytes, end, between);
  outcome = give_on(between, std::move(outcome), effects);
  ended_[index_of(from)] = end;
  return std::holds_alternative<Stay>(outcome) ? pass_end(from, effects) : outcome;
}

// While a plugin lets the last bytes wait, more of a message may come.
Outcome FilterPair::pass_end(Side from, Effects& effects) {
  if (!ended_[index_of(from)] || file_.uninspected || paused(from)) return Stay{};
  ended_[index_of(from)] = false;
  Outcome outcome = messages_->filter(from, {}, true, effects);
  let_go(effects);
  return outcome;
}

Outcome FilterPair::resume(Effects& effects) {
  if (file_.uninspected) return Stay{};
  Effects between;
  Outcome outcome = bytes_->resume(between);
  outcome = give_on(between, std::move(outcome), effects);
  if (file_.uninspected || !std::holds_alternative<Stay>(outcome)) return outcome;
  outcome = messages_->resume(effects);
  let_go(effects);
  for (Side from : {Side::client, Side::upstream}) {
    if (std::holds_alternative<Stay>(outcome)) outcome = pass_end(from, effects);
  }
  return outcome;
}

// Who wanted the messages may have seen enough, and speaks for all: what the raw bytes' plugins held goes its way, too.
void FilterPair::let_go(Effects& effects) {
  if (file_.uninspected) bytes_->release(effects);
}

Outcome FilterPair::give_on(const Effects& between, Outcome outcome, Effects& effects) {
  // The same of who wanted the raw bytes.
  const bool by_bytes = file_.uninspected.has_value();
  if (by_bytes) messages_->release(effects);
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
  if (!by_bytes) let_go(effects);
  return outcome;
}

}  // namespace hyalite
