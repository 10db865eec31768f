// A plugin's answer that is written while it is sent.
// SPDX-License-Identifier: MIT
#include "flow/streamed_answer.h"

#include "flow/pages.h"
#include "http/writer.h"

namespace hyalite {

namespace {

constexpr std::size_t kPiece = 16 * 1024;

std::string chunk(Bytes content) {
  Buffer out;
  open_chunk(content.size(), out);
  out.append(content);
  out.append(kCloseChunk);
  return std::string(out.bytes());
}

}  // namespace

StreamedAnswer::StreamedAnswer(Exchange& exchange, Channels& channels, const RespondStream& answer, const Clock& clock, Effects& effects)
    : exchange_(exchange),
      channels_(channels),
      channel_(answer.channel),
      clock_(clock),
      wire_(exchange.request.is_head()                ? Wire::nothing
            : exchange.request.minor_version() > 0 ? Wire::chunks
                                                    : Wire::until_close),
      moved_(clock.now()) {
  exchange_.answered_by_us(answer.head.status, 0);
  send(head_of_stream(answer.head, exchange.request.minor_version() > 0), effects);
  channels_.opened(channel_);
}

void StreamedAnswer::send(std::string bytes, Effects& effects) {
  moved_ = clock_.now();
  exchange_.summary.to_client += bytes.size();
  effects.send_owned(Side::client, std::move(bytes));
}

bool StreamedAnswer::has_more() const {
  const auto pending = channels_.pending(channel_);
  return !pending || pending->last || !pending->bytes.empty();
}

Outcome StreamedAnswer::go_on(Effects& effects) {
  const auto pending = channels_.pending(channel_);
  // Its plugin broke it off: the client sees that it is cut short.
  if (!pending) {
    exchange_.end(End::blocked, "");
    return Close{CloseReason::blocked, Ending::reset, Ending::in_order};
  }
  const Bytes piece = pending->bytes.substr(0, kPiece);
  const bool ends = pending->last && piece.size() == pending->bytes.size();
  if (!piece.empty()) {
    if (wire_ == Wire::chunks) send(chunk(piece), effects);
    if (wire_ == Wire::until_close) send(std::string(piece), effects);
    exchange_.summary.response_content += wire_ == Wire::nothing ? 0 : piece.size();
    channels_.sent(channel_, piece.size());
  }
  return ends ? finish(effects) : Stay{};
}

Outcome StreamedAnswer::finish(Effects& effects) {
  if (wire_ == Wire::chunks) send(std::string(kLastChunk), effects);
  channels_.finish(channel_, HYALITE_OK);
  exchange_.end(End::blocked, "");
  return Close{CloseReason::blocked, Ending::in_order, Ending::in_order};
}

Outcome StreamedAnswer::stands_still() {
  channels_.finish(channel_, HYALITE_E_TIMED_OUT);
  return Close{CloseReason::body_too_slow, Ending::reset, Ending::in_order};
}

}  // namespace hyalite
