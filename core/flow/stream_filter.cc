// The bytes of a tunnel on their way through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#include "flow/stream_filter.h"

namespace hyalite {

Outcome StreamFilter::filter(Side from, Bytes bytes, bool end, Effects& effects) {
  BodyPipe& pipe = pipes_[index_of(from)];
  if (pipe.need() == BodyNeed::none) {
    effects.send(other(from), bytes);
    return Stay{};
  }
  const BodyStep step = pipe.feed(bytes, end);
  if (step.kind == BodyStep::Kind::forward) {
    for (Bytes piece : step.output) effects.send(other(from), piece);
    return Stay{};
  }
  const Decision& decision = flow_.decision();
  if (step.kind == BodyStep::Kind::decided && std::holds_alternative<PassThrough>(decision.what)) {
    effects.send(other(from), bytes);
    return PassedThrough{Uninspected::plugin};
  }
  const CloseReason reason =
      decision.cause == Decision::Cause::failure ? CloseReason::plugin_failed : CloseReason::blocked;
  return Close{reason, Ending::reset, Ending::reset};
}

}  // namespace hyalite
