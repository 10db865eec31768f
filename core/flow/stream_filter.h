// The bytes of a tunnel on their way through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/flow_file.h"
#include "flow/tunnelling.h"
#include "plugin/chain.h"

namespace hyalite {

class StreamFilter final : public TunnelFilter {
 public:
  // All are lent for this object's life.
  StreamFilter(Chain& chain, FlowFile& file, Tally& tally)
      : file_(file),
        tally_(tally),
        pipes_{chain.stream(file.subject, Direction::request), chain.stream(file.subject, Direction::response)} {}

  Outcome filter(Side from, Bytes bytes, bool end, Effects& effects) override;
  bool paused(Side from) const override { return file_.subject.pause(lane(from)).paused(); }
  Outcome resume(Effects& effects) override;
  // What is held goes on its way, and from here on everything passes.
  void release(Effects& effects);

 private:
  static Lane lane(Side from) { return from == Side::client ? Lane::request : Lane::response; }
  Outcome go_on(Side from, const BodyStep& step, Effects& effects);
  void pass_through(Side from, const BodyStep& step, Effects& effects);

  FlowFile& file_;
  Tally& tally_;
  BodyPipe pipes_[2];
};

}  // namespace hyalite
