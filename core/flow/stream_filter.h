// The bytes of a tunnel on their way through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/tunnelling.h"
#include "plugin/chain.h"

namespace hyalite {

class StreamFilter final : public TunnelFilter {
 public:
  // Both outlive the filter.
  StreamFilter(Chain& chain, FlowSubject& flow)
      : flow_(flow), pipes_{chain.stream(flow, Direction::request), chain.stream(flow, Direction::response)} {}

  Outcome filter(Side from, Bytes bytes, bool end, Effects& effects) override;

 private:
  FlowSubject& flow_;
  BodyPipe pipes_[2];
};

}  // namespace hyalite
