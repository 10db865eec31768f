// A flow's ports over real sockets, on a worker's loop.
// SPDX-License-Identifier: MIT
#include "flow/socket_ports.h"

#include <algorithm>
#include <cerrno>

#include "net/plain_transport.h"

namespace hyalite {

namespace {

ConnectFailure failure_of(const Error& error) {
  switch (error.code) {
    case ECONNREFUSED:
    case ECONNRESET: return ConnectFailure::refused;
    case ETIMEDOUT: return ConnectFailure::timed_out;
    case ENETUNREACH:
    case EHOSTUNREACH: return ConnectFailure::unreachable;
    default: return means_ports_exhausted(error.code) ? ConnectFailure::no_source_port : ConnectFailure::other;
  }
}

bool means_no_descriptor(int code) { return code == EMFILE || code == ENFILE; }

}  // namespace

// The loop calls the flow itself: nothing stands between them where bytes pass.
SocketPorts::SocketPorts(const SocketNeeds& needs, Flow& flow)
    : needs_(needs),
      flow_(flow),
      client_(needs.loop, callback<&Flow::on_client_ready>(flow)),
      alarm_(callback<&Flow::on_timer>(flow)),
      turn_(needs.loop, callback<&Flow::on_turn>(flow)) {}

// A client just came, and takes bytes. Upstream it runs already, since connecting, and tells everything.
Result<void> SocketPorts::watch(Side side, const Transport& connection) {
  if (side == Side::upstream || client_.watching()) return {};
  return client_.start_reading(connection.fd());
}

Result<void> SocketPorts::await_room(Side side) { return side == Side::client ? client_.await_room() : Result<void>(); }

void SocketPorts::forget(Side side) {
  if (side == Side::client) return client_.stop();
  stop_connecting();
  upstream_.reset();
}

void SocketPorts::connect(const ConnectSpec& spec) {
  stop_connecting();
  upstream_ = std::make_unique<UpstreamConnection>(needs_.loop, callback<&Flow::on_upstream_ready>(flow_));
  upstream_->upstream = spec.remote;
  upstream_->as_wanted = !spec.as_client;
  connector_ = std::make_unique<Connector>(needs_.loop, needs_.wheel, upstream_->watch, needs_.loop_table, needs_.loop_table_owner,
                                           callback<&SocketPorts::on_connect_result>(*this));
  connector_->start(spec);
}

void SocketPorts::on_connect_result(ConnectResult result) {
  const std::unique_ptr<Connector> done = std::move(connector_);
  needs_.tally.connected(result);
  if (!result.connection) {
    const Error& error = result.connection.error();
    if (needs_.pool != nullptr && means_no_descriptor(error.code)) needs_.pool->shed();
    return flow_.on_connect_failed(failure_of(error));
  }
  Connected& connection = *result.connection;
  guard_ = std::move(connection.guard);
  upstream_->as_wanted |= connection.source != Source::own_address;
  flow_.on_connected(std::make_unique<PlainTransport>(std::move(connection.fd)), connection.ready);
}

std::unique_ptr<Transport> SocketPorts::take_kept(const ConnectSpec& spec) {
  if (needs_.pool == nullptr) return nullptr;
  stop_connecting();
  upstream_ = needs_.pool->take(key_to(spec.remote), callback<&Flow::on_upstream_ready>(flow_));
  return upstream_ ? std::move(upstream_->transport) : nullptr;
}

void SocketPorts::keep(std::unique_ptr<Transport> upstream, Leg::Rest rest) {
  std::unique_ptr<UpstreamConnection> left = std::move(upstream_);
  left->transport = std::move(upstream);
  if (rest == Leg::Rest::no) return needs_.tally.not_kept(NotKept::not_at_rest);
  if (!left->as_wanted) return needs_.tally.not_kept(NotKept::own_address);
  const UpstreamKey key = key_to(left->upstream);
  needs_.pool->keep(key, std::move(left), rest == Leg::Rest::yes);
}

void SocketPorts::call_at(Monotonic when) {
  alarm_.set(std::max(std::chrono::ceil<Milliseconds>(when - needs_.loop.now()), Milliseconds{0}), needs_.loop, needs_.wheel);
}

void SocketPorts::stop() {
  connector_.reset();
  turn_.cancel();
  alarm_.stop();
}

}  // namespace hyalite
