// What the plugins are asked about: a flow, an exchange.
// SPDX-License-Identifier: MIT
#include "plugin/subject.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>

#include "plugin/abi.h"

namespace hyalite {

namespace {

std::span<BodyOptions> make_options(Arena& arena, std::size_t count) {
  auto* first =
      static_cast<BodyOptions*>(arena.allocate(count * sizeof(BodyOptions), alignof(BodyOptions)));
  std::uninitialized_value_construct_n(first, count);
  return {first, count};
}

hyalite_u16_list list_of(const std::vector<std::uint16_t>& numbers) {
  return {numbers.data(), numbers.size()};
}

}  // namespace

bool Findings::add(std::string_view source, std::string_view name, std::string_view detail) {
  Kept& kept = kept_.touch();
  if (kept.all.size() == kMost) {
    ++kept.dropped;
    return false;
  }
  kept.all.push_back({std::string(source), std::string(name), std::string(detail)});
  return true;
}

FlowSubject::FlowSubject(const FlowFacts& facts) : destination_(facts.destination) {
  info_.size = sizeof info_;
  info_.arrival = static_cast<std::uint32_t>(facts.arrived_by);
  info_.protocol = HYALITE_PROTOCOL_PENDING;
  info_.worker = facts.worker;
  info_.id = facts.id;
  info_.opened_at = nanoseconds(facts.opened_at);
  info_.client = abi(facts.client);
  info_.destination = info_.upstream = abi(facts.destination);
  info_.listener = abi(facts.listener);
}

void FlowSubject::set_client_hello(const ClientHello& hello) {
  auto* view = ::new (arena_.allocate(sizeof(hyalite_client_hello))) hyalite_client_hello{};
  view->size = sizeof *view;
  view->record_version = hello.record_version;
  view->legacy_version = hello.legacy_version;
  view->server_name_kind = static_cast<std::uint32_t>(hello.server_name_kind);
  view->has_encrypted_client_hello = hello.has_ech ? 1 : 0;
  view->server_name = abi(hello.server_name);
  auto* alpn = static_cast<hyalite_bytes*>(
      arena_.allocate(hello.alpn.size() * sizeof(hyalite_bytes), alignof(hyalite_bytes)));
  std::transform(hello.alpn.begin(), hello.alpn.end(), alpn,
                 [](const std::string& p) { return abi(p); });
  view->alpn = alpn;
  view->alpn_count = hello.alpn.size();
  view->versions = list_of(hello.supported_versions);
  view->cipher_suites = list_of(hello.cipher_suites);
  view->extensions = list_of(hello.extensions);
  view->groups = list_of(hello.groups);
  view->signature_algorithms = list_of(hello.signature_algorithms);
  view->ec_point_formats = hello.ec_point_formats.data();
  view->ec_point_format_count = hello.ec_point_formats.size();
  tls_.touch().hello = view;
  if (hello.server_name_kind == ServerName::host) info_.server_name = abi(hello.server_name);
}

bool FlowSubject::wants_stream(Direction direction) const {
  const auto& all = stream_interests_->of[static_cast<std::size_t>(direction)];
  return std::any_of(all.begin(), all.end(),
                     [](const BodyOptions& o) { return o.mode != HYALITE_BODY_NONE; });
}

void FlowSubject::redirect_to(const Address& to, std::string_view by) {
  redirect_.touch() = {to, std::string(by)};
  elsewhere_ = true;
  info_.upstream = abi(to);
}

void FlowSubject::bury() {
  stream_interests_.reset();
  if (Tls* tls = tls_.find()) tls->hello = nullptr;
  info_.server_name = {};
  arena_.bury();
}

void FlowSubject::make_stream_interests(std::size_t instances) {
  for (auto& all : stream_interests_.touch().of) all = make_options(arena_, instances);
}

ExchangeSubject::ExchangeSubject(FlowSubject& flow, std::uint64_t number, Arena& arena)
    : flow_(flow), number_(number), arena_(arena) {}

bool ExchangeSubject::wants_trailers(Direction direction) const {
  const auto& all = interests_[static_cast<std::size_t>(direction)];
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool left_out = ((notes.left_out | flow_.notes.left_out) >> i & 1) != 0;
    if (!left_out && (all[i].flags & HYALITE_BODY_WANT_TRAILERS) != 0) return true;
  }
  return false;
}

void ExchangeSubject::make_interests(std::size_t instances) {
  for (auto& all : interests_) all = make_options(arena_, instances);
}

}  // namespace hyalite
