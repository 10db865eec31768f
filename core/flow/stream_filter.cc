// The bytes of a tunnel on their way through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#include "flow/stream_filter.h"

#include "flow/end_of.h"

namespace hyalite {

Outcome StreamFilter::filter(Side from, Bytes bytes, bool end, Effects& effects) {
  BodyPipe& pipe = pipes_[index_of(from)];
  if (pipe.need() == BodyNeed::none) {
    effects.send(other(from), bytes);
    return Stay{};
  }
  return go_on(from, pipe.feed(bytes, end), effects);
}

Outcome StreamFilter::resume(Effects& effects) {
  for (Side from : {Side::client, Side::upstream}) {
    if (!file_.subject.ready(lane(from), Hook::data)) continue;
    Outcome outcome = go_on(from, pipes_[index_of(from)].resume(), effects);
    if (!std::holds_alternative<Stay>(outcome)) return outcome;
  }
  return Stay{};
}

Outcome StreamFilter::go_on(Side from, const BodyStep& step, Effects& effects) {
  if (step.kind == BodyStep::Kind::hold || step.kind == BodyStep::Kind::paused) return Stay{};
  if (step.kind == BodyStep::Kind::forward) {
    for (Bytes piece : step.output) effects.send(other(from), piece);
    return Stay{};
  }
  const Decision& decision = file_.subject.decision();
  if (std::holds_alternative<PassThrough>(decision.what)) {
    pass_through(from, step, effects);
    return Stay{};
  }
  const CloseReason reason = reason_of(decision);
  return Close{reason, Ending::reset, Ending::reset};
}

// A plugin has seen enough: what either direction held goes on its way, and nobody is asked again.
void StreamFilter::pass_through(Side from, const BodyStep& step, Effects& effects) {
  for (Bytes piece : step.output) effects.send_owned(other(from), std::string(piece));
  pipes_[index_of(from)] = BodyPipe();
  release(effects);
  file_.pass_uninspected(Uninspected::plugin, tally_);
}

void StreamFilter::release(Effects& effects) {
  for (Side from : {Side::client, Side::upstream}) {
    const BodyStep rest = pipes_[index_of(from)].release();
    for (Bytes piece : rest.output) effects.send_owned(other(from), std::string(piece));
    pipes_[index_of(from)] = BodyPipe();
  }
}

}  // namespace hyalite
