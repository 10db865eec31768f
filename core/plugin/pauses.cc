// The pauses of one worker: who waits, until when, and who may go on.
// SPDX-License-Identifier: MIT
#include "plugin/pauses.h"

#include <utility>

namespace hyalite {

Ref Pauses::begin(const void* owner, PausePoint& point, Monotonic until, Waker* waker) {
  end(point);
  const std::lock_guard lock(mutex_);
  if (table_.full()) return 0;
  const Ref ref = table_.add({owner, &point, deadlines_.end(), false});
  table_.find(ref)->deadline = deadlines_.emplace(until, ref);
  point.ref_ = ref;
  point.ready_ = false;
  point.waker_ = waker;
  return ref;
}

hyalite_status Pauses::resume(const void* owner, Ref ref) {
  const std::lock_guard lock(mutex_);
  Pause* pause = table_.find(ref);
  if (pause == nullptr || pause->owner != owner || pause->resumed) return HYALITE_E_STALE;
  pause->resumed = true;
  resumed_.push_back(ref);
  return HYALITE_OK;
}

void Pauses::release(PausePoint& point, hyalite_status status) {
  if (!point.paused() || point.ready_) return;
  const std::lock_guard lock(mutex_);
  Pause& pause = *table_.find(point.ref_);
  point.status_ = status;
  if (std::exchange(pause.resumed, true)) return;
  resumed_.push_back(point.ref_);
}

void Pauses::end(PausePoint& point) {
  if (!point.paused()) return;
  const std::lock_guard lock(mutex_);
  const auto pause = table_.take(std::exchange(point.ref_, 0));
  if (pause->deadline != deadlines_.end()) deadlines_.erase(pause->deadline);
  point.ready_ = false;
  point.status_ = HYALITE_OK;
}

bool Pauses::has_ready() const {
  const std::lock_guard lock(mutex_);
  return !resumed_.empty();
}

std::optional<Monotonic> Pauses::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void Pauses::make_ready(Ref ref, hyalite_status status) {
  PausePoint* point = nullptr;
  {
    const std::lock_guard lock(mutex_);
    Pause* pause = table_.find(ref);
    if (pause == nullptr) return;  // it ended meanwhile
    pause->resumed = true;
    // It stays in the table until it is heard; its deadline has nothing more to say.
    if (pause->deadline == deadlines_.end()) return;
    deadlines_.erase(std::exchange(pause->deadline, deadlines_.end()));
    point = pause->point;
  }
  point->ready_ = true;
  if (status != HYALITE_OK) point->status_ = status;
  if (point->waker_ != nullptr) point->waker_->on_wake();
}

// Those who are woken may pause again, or end other pauses: each name is looked up when its turn has come.
void Pauses::deliver(Monotonic now) {
  std::vector<Ref> resumed;
  {
    const std::lock_guard lock(mutex_);
    resumed.swap(resumed_);
  }
  for (const Ref ref : resumed) make_ready(ref, HYALITE_OK);
  std::vector<Ref> late;
  for (const auto& [until, ref] : deadlines_) {
    if (until > now) break;
    late.push_back(ref);
  }
  for (const Ref ref : late) make_ready(ref, HYALITE_E_TIMED_OUT);
}

}  // namespace hyalite
