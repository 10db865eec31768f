// Clients that look like a loop of ours, and may be innocent: they wait a moment before they are judged again.
// SPDX-License-Identifier: MIT
#include "net/suspects.h"

#include <algorithm>
#include <utility>

namespace hyalite {

Suspects::Suspects(Loop& loop, Arrivals& arrivals, ListenerOwner& owner)
    : loop_(loop), arrivals_(arrivals), owner_(owner), timer_(loop, callback<&Suspects::on_timer>(*this)) {}

void Suspects::on_refused(Refused refused) {
  if (refused.why != ArrivalRefusal::loop_of_ours || held_.size() == kMost) return owner_.on_refused(std::move(refused));
  held_.push_back({std::move(refused), 0, loop_.now() + kTries[0]});
  rearm();
}

void Suspects::give_up() {
  timer_.stop();
  for (Held& held : std::exchange(held_, {})) owner_.on_refused(std::move(held.suspect));
}

void Suspects::on_timer() {
  // The owner may let go of everything in a call; those who are due are taken out first.
  std::list<Held> due;
  for (auto at = held_.begin(); at != held_.end();) {
    const auto held = at++;
    if (held->next <= loop_.now()) due.splice(due.end(), held_, held);
  }
  while (!due.empty()) {
    std::list<Held> one;
    one.splice(one.end(), due, due.begin());
    judge(one.front());
    // Judged to be in doubt still: back to the others.
    if (one.front().suspect.fd) held_.splice(held_.end(), one);
  }
  rearm();
}

void Suspects::judge(Held& held) {
  Refused& suspect = held.suspect;
  const auto verdict = arrivals_.judge(suspect.fd.get(), suspect.client);
  if (const auto* arrival = std::get_if<Arrival>(&verdict)) {
    return owner_.on_accepted({std::move(suspect.fd), suspect.client, arrival->destination, arrival->mode, suspect.listener});
  }
  suspect.why = std::get<ArrivalRefusal>(verdict);
  if (++held.tries == kTries.size() || suspect.why != ArrivalRefusal::loop_of_ours) {
    return owner_.on_refused(std::move(suspect));
  }
  held.next = loop_.now() + kTries[held.tries];
}

void Suspects::rearm() {
  if (held_.empty()) return timer_.stop();
  const auto earlier = [](const Held& a, const Held& b) { return a.next < b.next; };
  const Monotonic next = std::min_element(held_.begin(), held_.end(), earlier)->next;
  timer_.start(std::max(Milliseconds{0}, std::chrono::ceil<Milliseconds>(next - loop_.now())));
}

}  // namespace hyalite
