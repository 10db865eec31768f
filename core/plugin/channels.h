// Bytes that plugins write over time, and hear over time: held here until somebody can send them, or they can be told.
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/channel.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/buffer.h"
#include "plugin/errands.h"
#include "plugin/outbound.h"
#include "plugin/pauses.h"
#include "plugin/refs.h"

namespace hyalite {

// What came from a service and was not told yet.
struct ChannelArrivals {
  enum class End { none, came, told };
  Buffer held;
  End end = End::none;
  bool wanted = true;
  bool owed = false;  // an errand is on its way
  bool something_to_tell() const { return !held.empty() || end == End::came; }
};

// Answers in a stream, whose bytes a flow takes and sends; and connections to services, which whoever has sockets moves
// bytes for, both ways.
class Channels {
 public:
  // At most `most` at once, each holding at most `bytes`, of connections each way.
  Channels(std::size_t most, std::size_t bytes, Errands& errands) : table_(RefKind::channel, most), most_bytes_(bytes), errands_(errands) {}

  // `outbound` (may be null) outlives this.
  void open(Outbound* outbound) { outbound_ = outbound; }
  bool has(std::string_view service) const { return outbound_ != nullptr && outbound_->has(service, ServiceProtocol::tcp); }

  // ---- for the plugin
  // An answer. 0: there are too many, or `beginning` is too large. `waker` (may be null) is told of what is written; it
  // outlives the channel.
  Ref add(InstanceHost& owner, Bytes beginning, hyalite_channel_told told, void* user, Waker* waker);
  // A connection to a service that there is. 0: there are too many.
  Ref connect(InstanceHost& owner, std::string_view service, hyalite_channel_told told, void* user);
  // As in channel.h.
  hyalite_status write(const InstanceHost& owner, Ref ref, Bytes bytes, bool last);
  hyalite_status receive(const InstanceHost& owner, Ref ref, bool on);
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
  // The client, or the service, may be sent to: the plugin is told so.
  void opened(Ref ref);
  // So many of the pending bytes went.
  void sent(Ref ref, std::size_t bytes);
  // What has arrived is told before, unless it is the plugin who ends it.
  void finish(Ref ref, hyalite_status status, std::string why = {});

  // ---- for whoever receives, on a connection
  // How many bytes may arrive; 0: none now, or it is over.
  std::size_t room_for_arrivals(Ref ref);
  void arrived(Ref ref, Bytes bytes);
  // The service says no more.
  void arrivals_ended(Ref ref);
  // Has the plugin heard everything, also the end?
  bool all_told(Ref ref);

  // Wakes those who are to send what was written, or have room again.
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
    std::optional<ChannelArrivals> arrivals = {};  // of a connection
  };
  Channel* find(const InstanceHost& owner, Ref ref);
  void wake(Ref ref);
  hyalite_channel_event event_of(const Channel& channel, std::uint32_t kind) const;
  void tell(Ref ref, const Channel& channel, std::uint32_t kind, hyalite_status status, std::string why = {});
  void owe_arrivals(Ref ref, Channel& channel);
  void tell_arrivals(void* instance, Ref ref);
  void tell_the_rest(Ref ref, Channel& channel);

  RefTable<Channel> table_;
  const std::size_t most_bytes_;
  Errands& errands_;
  Outbound* outbound_ = nullptr;
  std::vector<Ref> to_wake_;  // since deliver()
};

}  // namespace hyalite
