// One client connection through a held worker: what each side says, what each side gets.
// SPDX-License-Identifier: MIT
//
// The flow is the real one (flow/flow.h), and so is all behind it; only its ports are played (held_ports.h).
#pragma once

#include <optional>
#include <string>

#include "flow/flow.h"
#include "harness/held_ports.h"
#include "harness/messages.h"

namespace hyalite {

class HeldWorker;

struct TalkOptions {
  Address client{}, destination{};  // none: 192.0.2.1:40000 and 198.51.100.1:80
  std::size_t listener = 0;
  UpstreamManners upstream;
};

class Talk final {
 public:
  // The worker outlives it.
  Talk(HeldWorker& worker, const TalkOptions& options);
  ~Talk();
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  // That side says something. False: nobody is there to be heard, or all is over.
  bool say(Side from, Bytes bytes);
  // That side sends no more.
  bool end(Side from);
  // That side's connection breaks.
  bool break_off(Side from);
  void let_connect();
  // As when the worker ends.
  void cut_off();

  // All that was sent to that side, whichever connection.
  std::string sent(Side to) const;
  HeardMessages messages(Side to) const;
  // Said, and not taken yet.
  std::string unread(Side from) const;
  bool connected() const;
  // How often it was connected, and where to at last.
  std::size_t connections() const { return ports_.upstreams().size(); }
  const std::optional<Address>& connected_to() const { return ports_.connected_to(); }
  // Null: it goes on.
  const Close* closed() const { return flow_.closed() ? &flow_.how_closed() : nullptr; }
  std::string_view stage() const { return flow_.closed() ? "closed" : flow_.stage_name(); }
  std::uint64_t flow() const { return flow_.file().facts.id; }
  // When the patience of its stage is over. Not once closed.
  std::optional<Monotonic> deadline() const { return flow_.deadline(); }

  // ---- for the worker
  bool tell_next() { return ports_.tell_next(); }
  const std::optional<Monotonic>& due() const { return ports_.due(); }
  void on_time();
  void drain() { flow_.drain(); }

 private:
  // Null: nobody is there who could say more.
  HeldPeer* speaker(Side side);
  void hear(Side side);

  HeldWorker& worker_;
  const std::string listener_;
  HeldPorts ports_;
  Flow flow_;
  std::string said_;  // by the client: what its responses answer
};

// Why it was closed, for comparing it with the same talk cut otherwise. A client that was answered in upstream's place has to be left when
// the rest of its body has not come yet; when it has, the client leaves. What was decided stands in the exchange.
CloseReason comparable_reason(const Close& close);

}  // namespace hyalite
