// A gateway without sockets: a client and a server, and between them the stages that real flows run through.
// SPDX-License-Identifier: MIT
#include "tests/support/gateway.h"

#include "flow/tunnelling.h"

namespace hyalite {

// ---- the gateway

Gateway::Gateway(const Settings& given, const std::string& plugin_directory, Outbound* outbound)
    : places_(TallyPlaces::declare(layout_)), settings_(given) {
  if (settings_.listeners.empty()) settings_.listeners.emplace_back();
  LoadOptions options;
  if (!plugin_directory.empty()) options.directories = {plugin_directory};
  load_ = load_chain(settings_, options, layout_, log_);
  facts_.client = ClientAddress{*Address::parse("10.1.0.2:40000")};
  facts_.destination = OriginalDestination{*Address::parse("10.2.0.2:80")};
  if (load_.chain) load_.chain->async().open(clock_, *this, outbound);
  cells_.assign(layout_.cells(), 0);
  tally_.emplace(MetricRow(cells_.data(), layout_), places_);
  bypass_.emplace(settings_.bypass);
  if (load_.chain)
    needs_.emplace(InspectingNeeds{*load_.chain, HttpRules(settings_, settings_.listeners[0]), *bypass_, clock_, *tally_, log_, pool_});
}

void Gateway::renew(Waker& waker) {
  std::fill(cells_.begin(), cells_.end(), 0);
  file_.emplace(facts_, 0, ArrivalMode::transparent);
  file_->subject.waker = &waker;
  if (load_.chain) load_.chain->flow_open(file_->subject);
}

bool Gateway::deliver() {
  if (!load_.chain || !std::exchange(signalled_, false)) return false;
  load_.chain->deliver();
  return true;
}

void Gateway::end_flow() {
  if (load_.chain && file_) load_.chain->flow_close(file_->subject, FlowSummary{});
  file_.reset();
}

std::unique_ptr<Stage> Gateway::sniffing() const { return std::make_unique<Sniffing>(SniffingLimits{}, clock_); }

std::unique_ptr<Stage> Gateway::inspecting() {
  return std::make_unique<Inspecting>(*needs_, *file_);
}

std::unique_ptr<Stage> Gateway::tunnelling() const {
  return std::make_unique<Tunnelling>(Uninspected::other, Seconds{60}, clock_);
}

std::vector<Refusal> Gateway::counted(Cell first) const {
  std::vector<Refusal> found;
  for (std::size_t i = 0; i < kRefusals; ++i) {
    for (std::uint64_t n = cells_[(first + i).index]; n > 0; --n) found.push_back(static_cast<Refusal>(i));
  }
  return found;
}

// ---- the call

Call::Call(Gateway& gateway) : gateway_(gateway) {
  gateway_.renew(*this);
  talk_.emplace(gateway_.sniffing());
}

Gateway::~Gateway() {
  if (load_.chain) load_.chain->destroy();
}

Call::~Call() {
  talk_.reset();
  gateway_.end_flow();
}

bool Call::say(Side side, Bytes bytes) {
  if (now_ == Now::tunnelled || now_ == Now::closed) return false;
  if (ends_[index_of(side)] || (side == Side::upstream && !connected_)) return false;
  if (side == Side::client) {
    talk_->client(bytes);
  } else {
    talk_->upstream(bytes);
  }
  follow();
  return true;
}

void Call::end(Side side) {
  if (side == Side::upstream && !connected_) return;
  ends_[index_of(side)] = true;
  follow();
}

void Call::deadline() {
  if (talk_->going()) talk_->deadline();
  follow();
}

void Call::wait(Milliseconds time) {
  gateway_.advance(time);
  follow();
}

void Call::follow() {
  do {
    collect();
    while (talk_->connecting()) connect();
    if (const auto* sniffed = talk_->said<Sniffed>()) {
      const bool http = sniffed->found == Sniffed::Found::http1;
      http ? enter(Now::inspected, gateway_.inspecting()) : enter(Now::untouched, gateway_.tunnelling());
      continue;
    }
    if (talk_->said<Close>()) now_ = Now::closed;
    if (talk_->said<Upgraded>() || talk_->said<TunnelOpened>() || talk_->said<PassedThrough>()) now_ = Now::tunnelled;
  } while (talk_->going() && (talk_->connecting() || hear_ends() || gateway_.deliver()));
  collect();
}

// What was said so far stays unread for the next stage, as in the legs of a flow.
void Call::enter(Now now, std::unique_ptr<Stage> stage) {
  const std::string client = talk_->unread(Side::client), upstream = talk_->unread(Side::upstream);
  talk_.emplace(std::move(stage), connected_);
  now_ = now;
  was_untouched_ = now == Now::untouched;
  if (!client.empty()) talk_->client(client);
  if (!upstream.empty()) talk_->upstream(upstream);
}

// A new connection: what the one before it said or ended is forgotten.
void Call::connect() {
  connected_ = true;
  ends_[index_of(Side::upstream)] = heard_[index_of(Side::upstream)] = false;
  talk_->connected();
  collect();
}

void Call::collect() {
  for (Side side : {Side::client, Side::upstream}) received_[index_of(side)] += talk_->sent(side);
}

bool Call::hear_ends() {
  for (Side side : {Side::client, Side::upstream}) {
    if (!ends_[index_of(side)] || heard_[index_of(side)] || !talk_->stage().wants(side)) continue;
    heard_[index_of(side)] = true;
    if (side == Side::upstream) connected_ = false;
    talk_->ends(side);
    return true;
  }
  return false;
}

}  // namespace hyalite
