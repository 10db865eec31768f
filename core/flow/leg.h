// One side of a flow: a connection, and the bytes that wait on it.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/buffer.h"
#include "event/callback.h"
#include "event/watch.h"
#include "flow/stage.h"
#include "net/splice.h"
#include "net/transport.h"

namespace hyalite {

// What reading a leg came to.
struct LegInput {
  Bytes bytes;         // everything the stage has not taken, old and new; valid until settle()
  bool grew = false;   // new bytes came
  bool ended = false;  // no more will come, and this is the first time we say so
  bool broken = false;
};

// Input that the stage did not take and output that the peer would not take are kept here; while all flows well both
// buffers are empty and hold no memory. What may be read is decided by the flow, never stored.
class Leg {
 public:
  // Takes a connection over. `ready`: what is known of it. Whatever is tried in vain is corrected by the first `later`.
  static constexpr Readiness kTryAll{.readable = true, .writable = true};
  void attach(std::unique_ptr<Transport> transport, Readiness ready = kTryAll);
  // Puts another transport over the one there is, which gets what is unread. It has to be negotiated before bytes pass.
  // False: `over` left the transport as it was.
  using Layer = Callback<std::unique_ptr<Transport>&, Bytes>;  // replaces the transport; the bytes are lent
  bool layer(Layer over);
  bool negotiating() const { return negotiating_ && inbound_ == Inbound::open; }
  // `moved`: bytes pass now. `broken`: nothing will be read any more; an alert may still be on its way out.
  Moved::State negotiate();
  // Null: there is none.
  const Transport* transport() const { return transport_.get(); }
  bool attached() const { return transport_ != nullptr; }

  // Its ports said so (edge-triggered); remembered until an attempt says `later`.
  void now_ready(Readiness readiness);
  bool readable() const { return readable_ && !negotiating_ && inbound_ == Inbound::open; }
  // The last read took all there was, and nothing was told since: there is most likely nothing but perhaps a break.
  bool drained() const { return drained_ && !closed_seen_; }
  // The peer took no more at the last attempt.
  bool takes_no_more() const { return attached() && !writable_; }
  bool backed_up() const { return !all_sent(); }
  bool has_unread() const { return !unread_.empty(); }
  bool inbound_open() const { return attached() && inbound_ == Inbound::open; }
  // Did the connection break, as far as can be told without reading?
  bool failed() { return attached() && transport_->take_error() != 0; }
  bool all_sent() const { return unsent_.empty() && !piped_ && !(attached() && transport_->holds_output()); }
  // Of what was to be sent, what the peer does not have yet, as far as the kernel can tell.
  std::size_t undelivered() const {
    return unsent_.size() + (piped_ ? piped_->in_pipe() : 0) + (attached() ? transport_->undelivered() : 0);
  }
  std::size_t held() const { return unread_.capacity() + unsent_.capacity() + (piped_ ? piped_->in_pipe() : 0); }

  // Reads what is there, at most `most` bytes with what is unread already. `scratch` is lent until settle().
  LegInput read(std::span<char> scratch, std::size_t most);
  // What is unread, without reading.
  LegInput unread() const { return {unread_.bytes(), false, false, false}; }
  // Whoever reads next is told, too, that no more will come.
  void tell_end_again();
  // After read() or unread(): the stage took `taken` bytes of the input; the rest is kept.
  void settle(const LegInput& input, std::size_t taken);

  // Sends the pieces, keeps what the peer would not take. `last`: end() follows at once, which may go in the same segment. False
  // when the peer is gone; then output is thrown away.
  bool send(std::span<const Bytes> pieces, bool last = false);
  // Tries again to send what was kept. False as send().
  bool flush();
  // Bytes of `from` come here inside of the kernel, at most `most`; what this side does not take yet waits there, too. How many
  // came; nothing: they have to be read.
  std::optional<std::uint64_t> draw_from(Leg& from, PipePool& pipes, std::uint64_t most);
  // Is the peer gone, as far as sending to it goes?
  bool lost() const { return outbound_ == Outbound::lost; }
  // FIN, once everything was sent.
  void end();
  bool ended() const { return outbound_ == Outbound::ended; }
  // Was everything sent, and does closing say so? Then a leg of which nothing is wanted any more may be closed at once.
  bool ends_by_closing() const { return attached() && all_sent() && transport_->closing_ends_writing(); }
  // Closes the connection: with a reset, or in order.
  void close(Ending ending);
  // Is nothing under way on it? `perhaps`: only reading can tell.
  enum class Rest { yes, perhaps, no };
  Rest rest() const;
  // Gives the connection away as it is. What was read or not sent is forgotten.
  std::unique_ptr<Transport> release();

  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  enum class Inbound : std::uint8_t { open, ended, broken };
  enum class Outbound : std::uint8_t { open, ending, ended, lost };
  bool lose_outbound();
  bool push();
  bool push_piped();
  void detach();

  std::unique_ptr<Transport> transport_;
  Buffer unread_, unsent_;
  std::unique_ptr<Splice> piped_;  // what waits to be sent, and lies in a pipe
  bool readable_ = false, writable_ = false;
  bool drained_ = false;
  bool closed_seen_ = false;  // the end is told once, perhaps before what stands in front of it is read
  bool negotiating_ = false;
  Inbound inbound_ = Inbound::open;
  Outbound outbound_ = Outbound::open;
  std::uint64_t bytes_read_ = 0, bytes_sent_ = 0;
};

}  // namespace hyalite
