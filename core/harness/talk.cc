// One client connection through a held worker: what each side says, what each side gets.
// SPDX-License-Identifier: MIT
#include "harness/talk.h"

#include "harness/held_worker.h"

namespace hyalite {

namespace {

std::unique_ptr<FlowFile> file_of(HeldWorker& worker, const TalkOptions& options, std::string_view listener) {
  FlowFacts facts;
  facts.id = worker.next_flow();
  facts.opened_at = worker.needs().clock.wall_time();
  facts.opened = worker.needs().clock.now();
  facts.client = ClientAddress{options.client.port != 0 ? options.client : *Address::parse("192.0.2.1:40000")};
  facts.destination = OriginalDestination{options.destination.port != 0 ? options.destination : *Address::parse("198.51.100.1:80")};
  facts.arrived_by = ArrivedBy::transparent;
  facts.listener = listener;
  return std::make_unique<FlowFile>(facts, options.listener, ArrivalMode::transparent);
}

}  // namespace

Talk::Talk(HeldWorker& worker, const TalkOptions& options)
    : worker_(worker),
      listener_(worker.needs().settings.listeners.at(options.listener).label()),
      ports_(flow_, options.upstream),
      flow_(worker.flow_needs(), ports_, ports_.client_transport(), file_of(worker, options, listener_)) {
  worker_.begin(*this);
  flow_.begin(worker_.route().begin(flow_.file()));
  if (worker_.drains()) flow_.drain();
  worker_.settle();
}

Talk::~Talk() { cut_off(); }

// ---- what the test does

HeldPeer* Talk::speaker(Side side) {
  HeldPeer* const peer = flow_.closed() ? nullptr : ports_.peer(side);
  return peer == nullptr || peer->ends || peer->breaks ? nullptr : peer;
}

void Talk::hear(Side side) {
  ports_.ring(side);
  worker_.settle();
}

bool Talk::say(Side from, Bytes bytes) {
  HeldPeer* const peer = speaker(from);
  if (peer == nullptr) return false;
  peer->said += bytes;
  if (from == Side::client) said_ += bytes;
  hear(from);
  return true;
}

bool Talk::end(Side from) {
  HeldPeer* const peer = speaker(from);
  if (peer == nullptr) return false;
  peer->ends = true;
  hear(from);
  return true;
}

bool Talk::break_off(Side from) {
  HeldPeer* const peer = flow_.closed() ? nullptr : ports_.peer(from);
  if (peer == nullptr || peer->breaks) return false;
  peer->breaks = true;
  hear(from);
  return true;
}

void Talk::let_connect() {
  ports_.let_connect();
  worker_.settle();
}

void Talk::cut_off() { flow_.end(CloseReason::drained); }

void Talk::on_time() {
  if (due() && *due() <= worker_.needs().clock.now()) flow_.on_timer();
}

// ---- what is seen

bool Talk::connected() const { return !ports_.upstreams().empty() && !ports_.upstreams().back()->closed; }

std::string Talk::sent(Side to) const {
  if (to == Side::client) return ports_.client().got;
  std::string all;
  for (const auto& one : ports_.upstreams()) all += one->got;
  return all;
}

std::string Talk::unread(Side from) const {
  std::string all(flow_.unread(from));
  if (from == Side::client) return all + ports_.client().said;
  return ports_.upstreams().empty() ? all : all + ports_.upstreams().back()->said;
}

HeardMessages Talk::messages(Side to) const {
  if (to == Side::client) {
    const bool ended = closed() != nullptr && closed()->client != Ending::reset;
    return read_responses(sent(to), said_, ended);
  }
  HeardMessages all;
  for (const auto& one : ports_.upstreams()) {
    HeardMessages next = read_requests(one->got);
    std::move(next.whole.begin(), next.whole.end(), std::back_inserter(all.whole));
    all.begun |= next.begun;
    all.behind += next.behind;
  }
  return all;
}

CloseReason comparable_reason(const Close& close) {
  const bool in_order = close.client != Ending::reset && close.upstream != Ending::reset;
  const bool was_answered = close.reason == CloseReason::blocked || close.reason == CloseReason::plugin_failed;
  return in_order && was_answered ? CloseReason::client_left : close.reason;
}

}  // namespace hyalite
