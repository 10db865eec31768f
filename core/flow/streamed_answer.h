// A plugin's answer that is written while it is sent.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/exchange.h"
#include "plugin/channels.h"

namespace hyalite {

// Takes from the plugin's channel what the client takes. The connection closes behind it: what the client still sends is
// thrown away.
class StreamedAnswer {
 public:
  // All are lent for this object's life. Sends the head.
  StreamedAnswer(Exchange& exchange, Channels& channels, const RespondStream& answer, const Clock& clock, Effects& effects);

  bool has_more() const;
  Outcome go_on(Effects& effects);
  // Neither side moved for too long.
  Outcome stands_still();
  // Some of it had waited.
  void some_went() { moved_ = clock_.now(); }
  // When any of it was sent last.
  Monotonic moved() const { return moved_; }

 private:
  enum class Wire { chunks, until_close, nothing };
  void send(std::string bytes, Effects& effects);
  Outcome finish(Effects& effects);

  Exchange& exchange_;
  Channels& channels_;
  const Ref channel_;
  const Clock& clock_;
  const Wire wire_;
  Monotonic moved_;
};

}  // namespace hyalite
