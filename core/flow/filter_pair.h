// Plugins that want the raw bytes of a WebSocket, and behind them those that want its messages.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "flow/stream_filter.h"
#include "flow/websocket_filter.h"

namespace hyalite {

// So what the former make of the bytes is checked as strictly as what came.
class FilterPair final : public TunnelFilter {
 public:
  // `file` is lent for this object's life.
  FilterPair(FlowFile& file, std::unique_ptr<StreamFilter> bytes, std::unique_ptr<WebSocketFilter> messages)
      : file_(file), bytes_(std::move(bytes)), messages_(std::move(messages)) {}

  Outcome filter(Side from, Bytes bytes, bool end, Effects& effects) override;
  bool paused(Side from) const override { return bytes_->paused(from); }  // a pause is the flow's: both know it
  Outcome resume(Effects& effects) override;

 private:
  Outcome pass_end(Side from, Effects& effects);
  Outcome give_on(const Effects& between, Outcome outcome, Effects& effects);
  void let_go(Effects& effects);

  FlowFile& file_;
  const std::unique_ptr<StreamFilter> bytes_;
  const std::unique_ptr<WebSocketFilter> messages_;
  bool ended_[2] = {false, false};  // and the messages' plugins have not heard of it
};

}  // namespace hyalite
