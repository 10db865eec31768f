// The messages of a WebSocket on their way through the plugins that want to see them.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/flow_file.h"
#include "flow/tunnelling.h"
#include "plugin/chain.h"

namespace hyalite {

// Frames are read strictly, both ways; whoever breaks the rules is told so, and both sides' connections end.
class WebSocketFilter final : public TunnelFilter {
 public:
  // All are lent for this object's life.
  WebSocketFilter(Chain& chain, FlowFile& file, Tally& tally);

  Outcome filter(Side from, Bytes bytes, bool end, Effects& effects) override;
  bool paused(Side from) const override { return file_.subject.pause(lane(from)).paused(); }
  Outcome resume(Effects& effects) override;
  // Nobody looks any more: what either direction held goes on its way.
  void release(Effects& effects);

 private:
  static Lane lane(Side from) { return from == Side::client ? Lane::request : Lane::response; }
  MessagePipe& pipe(Side from) { return pipes_[index_of(from)]; }
  Outcome go_on(Side from, const MessageStep& step, Effects& effects);
  Outcome decided(Effects& effects);
  Outcome refused(Side from, FrameRefusal refusal, Effects& effects);
  Ending say_close(Side to, unsigned code, Bytes reason, Effects& effects);

  FlowFile& file_;
  Tally& tally_;
  MessagePipe pipes_[2];  // by the side that they come from
};

}  // namespace hyalite
