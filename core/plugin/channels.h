// Answers that plugins write over time: held here until somebody can send them.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/channel.h>

#include <cstddef>
#include <optional>
#include <vector>

#include "base/buffer.h"
#include "plugin/errands.h"
#include "plugin/pauses.h"
#include "plugin/refs.h"

namespace hyalite {

class Channels {
 public:
  // At most `most` at once, each holding at most `bytes`.
  Channels(std::size_t most, std::size_t bytes, Errands& errands) : table_(RefKind::channel, most), most_bytes_(bytes), errands_(errands) {}

  // ---- for the plugin
  // 0: there are too many, or `beginning` is too large. `waker` (may be null) is told of what is written; it outlives the channel.
  Ref add(InstanceHost& owner, Bytes beginning, hyalite_channel_told told, void* user, Waker* waker);
  // As in channel.h.
  hyalite_status write(const InstanceHost& owner, Ref ref, Bytes bytes, bool last);
  // False: it is over, or another's.
  bool end(const InstanceHost& owner, Ref ref, hyalite_status status);
  void end_all(hyalite_status status);

  // ---- for whoever sends
  struct Pending {
    Bytes bytes;  // good until the next call
    bool last = false;
  };
  // Nothing: it is over, and was not written to its end.
  std::optional<Pending> pending(Ref ref);
  // The client may be sent to: the plugin is told so.
  void opened(Ref ref);
  // So many of the pending bytes went.
  void sent(Ref ref, std::size_t bytes);
  void finish(Ref ref, hyalite_status status);

  // Wakes those who are to send what was written.
  void deliver();

 private:
  struct Channel {
    InstanceHost* owner;
    hyalite_channel_told told;
    void* user;
    Waker* waker;
    Buffer held;
    bool last = false;
    bool wants_room = false;
    bool told_over = false;  // it was cancelled
  };
  void tell(Ref ref, const Channel& channel, std::uint32_t kind, hyalite_status status);

  RefTable<Channel> table_;
  const std::size_t most_bytes_;
  Errands& errands_;
  std::vector<Ref> written_;  // since deliver()
};

}  // namespace hyalite
