// Clients that look like a loop of ours, and may be innocent: they wait a moment before they are judged again.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <list>

#include "event/timer.h"
#include "net/listener.h"

namespace hyalite {

// When origins see the client's address, a client's own kernel may take for a connection to the same origin the port that
// ours took for its connection in the client's name. Such a client is no loop: our connection gets its answer, leaves the
// table of the unanswered, and the client is served. A loop gets none as long as it is not served.
//
// Stands between listeners and their owner: everything else is handed on as it comes.
class Suspects final : public ListenerOwner {
 public:
  // All are lent for this object's life. Whoever is held is handed to the owner in the end, accepted or refused.
  Suspects(Loop& loop, Arrivals& arrivals, ListenerOwner& owner);

  void on_accepted(Accepted accepted) override { owner_.on_accepted(std::move(accepted)); }
  void on_refused(Refused refused) override;
  void on_exhausted(int code, std::size_t shed) override { owner_.on_exhausted(code, shed); }
  std::size_t held() const { return held_.size(); }
  // Refuses all who wait.
  void give_up();

  // At most so many wait, which bounds memory when a real loop runs; further ones are refused at once.
  static constexpr std::size_t kMost = 256;
  // After each of these times it is judged again; the last judgement stands.
  static constexpr std::array kTries = {Milliseconds{10}, Milliseconds{40}, Milliseconds{150}, Milliseconds{800},
                                        Milliseconds{2000}};

 private:
  struct Held {
    Refused suspect;
    std::size_t tries = 0;
    Monotonic next;
  };
  void on_timer();
  void judge(Held& held);
  void rearm();

  Loop& loop_;
  Arrivals& arrivals_;
  ListenerOwner& owner_;
  Timer timer_;
  std::list<Held> held_;
};

}  // namespace hyalite
