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

CrashRecord::Advice CrashRecord::on_death(std::string_view instance, std::string_view build,
                                          Monotonic now) {
  const bool too_often = crashes_.note(now, limits_.crashes);
  if (!instance.empty() && !quarantined_.contains(std::string(instance)) &&
      faults_.size() < kMostInstances) {
    if (faults_[std::string(instance)].note(now, limits_.quarantine)) {
      quarantined_.emplace(instance, build);
      return Advice::quarantine;
    }
  }
  return too_often ? Advice::fresh_generation : Advice::go_on;
}

std::set<std::string> CrashRecord::words() const {
  std::set<std::string> words;
  for (const auto& [instance, build] : quarantined_)
    words.insert(build.empty() ? instance : instance + '=' + build);
  return words;
}

void CrashRecord::quarantine(std::string_view word) {
  const auto at = word.find('=');
  quarantined_.emplace(word.substr(0, at),
                       at == std::string_view::npos ? std::string_view() : word.substr(at + 1));
}

void CrashRecord::release(const std::string& instance) {
  quarantined_.erase(instance);
  faults_.erase(instance);
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
