// How often workers die, and of whom.
// SPDX-License-Identifier: MIT
#include "process/crash_record.h"

#include <algorithm>

namespace hyalite {

bool RateWatch::note(Monotonic now, const Rate& rate) {
  times_.push_back(now);
  while (now - times_.front() > rate.within) times_.pop_front();
  if (times_.size() < std::max<std::size_t>(rate.count, 1)) return false;
  times_.clear();
  return true;
}

CrashRecord::Advice CrashRecord::on_death(std::string_view instance, Monotonic now) {
  const bool too_often = crashes_.note(now, limits_.crashes);
  if (!instance.empty() && !quarantined_.contains(std::string(instance)) &&
      faults_.size() < kMostInstances) {
    if (faults_[std::string(instance)].note(now, limits_.quarantine)) {
      quarantined_.insert(std::string(instance));
      return Advice::quarantine;
    }
  }
  return too_often ? Advice::fresh_generation : Advice::go_on;
}

void CrashRecord::release_all() {
  quarantined_.clear();
  faults_.clear();
}

Milliseconds Backoff::after(Milliseconds lasted) {
  // What lasted this long was no failed try.
  if (lasted > 2 * longest_) next_ = Milliseconds{0};
  const Milliseconds pause = next_;
  next_ = std::min(std::max(next_ * 2, first_), longest_);
  return pause;
}

}  // namespace hyalite
