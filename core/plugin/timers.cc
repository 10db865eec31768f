// The plugins' timers of one worker.
// SPDX-License-Identifier: MIT
#include "plugin/timers.h"

namespace hyalite {

Ref Timers::add(InstanceHost& owner, Monotonic due, std::chrono::nanoseconds period, hyalite_done done, void* user) {
  if (table_.full()) return 0;
  const Ref ref = table_.add({&owner, period, done, user, {}});
  table_.find(ref)->due = due_.emplace(due, ref);
  return ref;
}

bool Timers::end(const InstanceHost& owner, Ref ref, hyalite_status status) {
  const Timer* timer = table_.find(ref);
  if (timer == nullptr || timer->owner != &owner) return false;
  owe_last(ref, status);
  return true;
}

void Timers::end_all(hyalite_status status) {
  for (const Ref ref : table_.all()) owe_last(ref, status);
}

void Timers::owe_last(Ref ref, hyalite_status status) {
  const Timer timer = *table_.take(ref);
  due_.erase(timer.due);
  errands_.add(owed(*timer.owner, Hook::timer, timer.done, ref, timer.user, status));
}

void Timers::advance(Monotonic now) {
  while (!due_.empty() && due_.begin()->first <= now) {
    const auto [due, ref] = *due_.begin();
    Timer& timer = *table_.find(ref);
    if (timer.period.count() == 0) {
      owe_last(ref, HYALITE_OK);
      continue;
    }
    const auto missed = (now - due) / timer.period;
    due_.erase(timer.due);
    timer.due = due_.emplace(due + (missed + 1) * timer.period, ref);
    // Not the last word: `user` stays as it is.
    errands_.add(owed(*timer.owner, Hook::timer, timer.done, ref, timer.user, HYALITE_OK));
  }
}

}  // namespace hyalite
