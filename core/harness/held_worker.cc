// A worker around its flows, without sockets.
// SPDX-License-Identifier: MIT
#include "harness/held_worker.h"

#include <utility>

#include "harness/talk.h"

namespace hyalite {

namespace {

// A plugin that begins anew whenever it has ended would never come to rest.
constexpr int kMostRounds = 10'000;
constexpr std::size_t kScratchBytes = 64 * 1024, kPage = 4'096;

std::span<std::byte> on_a_page(std::vector<std::byte>& memory) {
  const std::size_t over = reinterpret_cast<std::uintptr_t>(memory.data()) % kPage;
  return {memory.data() + (kPage - over), Refusals::bytes()};
}

}  // namespace

HeldWorker::HeldWorker(const HeldWorkerNeeds& needs)
    : needs_(needs),
      tally_(needs.row, needs.places),
      refusals_memory_(Refusals::bytes() + kPage),
      refusals_(on_a_page(refusals_memory_)),
      route_(needs.settings, needs.chain, needs.tls_policy, tls_, refusals_, tally_, needs.log, needs.clock),
      scratch_(kScratchBytes),
      flow_needs_{*this, needs.clock, route_, effects_, scratch_, needs.settings.limits.buffered_bytes_per_flow / 2,
                  needs.settings.timeouts.linger, needs.settings.timeouts.body_idle, needs.settings.timeouts.tls_handshake, tls_, nullptr, true},
      flows_(needs.flows_before) {
  needs_.chain.async().open(needs_.clock, *this, &needs_.services);
}

// ---- what is delivered

void HeldWorker::signal() {
  {
    const std::lock_guard lock(signal_mutex_);
    signalled_ = true;
  }
  signal_came_.notify_one();
}

bool HeldWorker::take_signal() {
  const std::lock_guard lock(signal_mutex_);
  return std::exchange(signalled_, false);
}

// Whoever is over leaves the list meanwhile; whoever is passed over for that has the next turn.
bool HeldWorker::tell_flows() {
  bool told = false;
  for (std::size_t i = 0; i < talks_.size(); ++i) told |= talks_[i]->tell_next();
  return told;
}

// What a test does while it is told of something is carried out by whoever tells.
void HeldWorker::settle() {
  if (std::exchange(settling_, true)) return;
  for (int round = 0; round < kMostRounds; ++round) {
    if (tell_flows()) continue;
    const bool answered = needs_.services.deliver();
    if (take_signal()) {
      needs_.chain.deliver();
    } else if (!answered) {
      break;
    }
  }
  settling_ = false;
}

bool HeldWorker::wait(std::chrono::nanoseconds at_most) {
  {
    std::unique_lock lock(signal_mutex_);
    if (!signal_came_.wait_for(lock, at_most, [this] { return signalled_; })) return false;
  }
  settle();
  return true;
}

// ---- time

std::optional<Monotonic> HeldWorker::next_due() const {
  std::optional<Monotonic> next;
  const auto consider = [&](const std::optional<Monotonic>& when) {
    if (when && *when > needs_.clock.now() && (!next || *when < *next)) next = when;
  };
  consider(needs_.chain.async().next());
  consider(needs_.services.next_deadline());
  for (const Talk* talk : talks_) consider(talk->due());
  return next;
}

void HeldWorker::fire_plugins() {
  const auto due = needs_.chain.async().next();
  if (due && *due <= needs_.clock.now()) signal();
  settle();
}

void HeldWorker::fire_all() {
  fire_plugins();
  for (Talk* talk : std::vector<Talk*>(talks_)) talk->on_time();
  settle();
}

// ---- flows

void HeldWorker::begin(Talk& talk) {
  tally_.opened(ArrivalMode::transparent);
  talks_.push_back(&talk);
}

void HeldWorker::on_closed(Flow& flow) {
  tally_.closed(flow.reason());
  tally_.moved(flow.bytes_from(Side::client), flow.bytes_from(Side::upstream));
  std::erase_if(talks_, [&](const Talk* talk) { return talk->flow() == flow.file().facts.id; });
}

void HeldWorker::drain() {
  drains_ = true;
  for (Talk* talk : std::vector<Talk*>(talks_)) talk->drain();
  settle();
}

void HeldWorker::cut_off_all() {
  while (!talks_.empty()) talks_.back()->cut_off();
}

}  // namespace hyalite
