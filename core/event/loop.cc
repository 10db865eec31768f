// A worker's one loop: waits for readiness, then runs what was put off until after the events.
// SPDX-License-Identifier: MIT
#include "event/loop.h"

#include <event2/event.h>

#include <cerrno>

namespace hyalite {

const char* libevent_version() { return event_get_version(); }

Result<std::unique_ptr<Loop>> Loop::open() {
  // Whatever fails is told by a Result; nobody else writes to stderr.
  event_set_log_callback([](int, const char*) {});
  event_config* config = event_config_new();
  if (config == nullptr) return Error::system(Fault::us, "cannot make an event loop", ENOMEM);
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config, EV_FEATURE_ET);
  event_base* base = event_base_new_with_config(config);
  const int code = errno;
  event_config_free(config);
  if (base == nullptr) return Error::system(Fault::us, "cannot make an event loop", code);
  return std::unique_ptr<Loop>(new Loop(base));
}

Loop::Loop(event_base* base) : base_(base) {}
Loop::~Loop() = default;

void Loop::FreeBase::operator()(event_base* base) const { event_base_free(base); }

void Loop::run() {
  while (!stopped_ && pass(true)) {
  }
  stopped_ = false;
}

bool Loop::run_once() { return pass(false); }

void Loop::post(std::function<void()> work) { posted_.push_back(std::move(work)); }

bool Loop::pass(bool may_wait) {
  const bool put_off = !turns_.empty() || !posted_.empty();
  clock_.begin_batch();
  // EVLOOP_ONCE ends after one batch of events; EVLOOP_NONBLOCK alone would go on for as long as
  // any arrive.
  const int waiting = may_wait && !put_off ? 0 : EVLOOP_NONBLOCK;
  const int outcome = event_base_loop(base_.get(), EVLOOP_ONCE | waiting);
  take_turns();
  run_posted();
  clock_.end_batch();
  const bool nothing_watched = outcome != 0;
  return !nothing_watched || !turns_.empty() || !posted_.empty();
}

void Loop::take_turns() {
  // Who asks again during this round waits for the next one: the events of others come between.
  Link round;
  round.take_all(turns_);
  while (!round.empty()) {
    Turn& turn = static_cast<Turn&>(*round.first());
    turn.leave();
    turn.owner_();
  }
}

void Loop::run_posted() {
  std::vector<std::function<void()>> round;
  round.swap(posted_);
  for (auto& work : round) work();
}

Monotonic Loop::BatchClock::now() const {
  if (!in_batch_) return std::chrono::steady_clock::now();
  if (!cached_) {
    now_ = std::chrono::steady_clock::now();
    cached_ = true;
  }
  return now_;
}

}  // namespace hyalite
