// May a connection to an upstream serve a later client when this one needs it no more?
// SPDX-License-Identifier: MIT
#include "flow/keeping.h"

#include <algorithm>
#include <array>

#include "http/authentication.h"
#include "http/connection.h"

namespace hyalite {

namespace {

constexpr std::array<std::string_view, kNotKept> kNotKeptNames = {
    "not_persistent", "unfinished", "answered_early", "suspect", "authentication", "tunnel", "not_at_rest", "own_address", "draining",
};

constexpr std::array<std::string_view, kIdleEnds> kIdleNames = {"expired", "evicted", "upstream_closed", "upstream_spoke", "drained"};

// RFC 9110, section 9.2.2.
constexpr Bytes kIdempotent[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
// Of these content means nothing (section 9.3): a server that does not read it takes it for the next request.
constexpr Bytes kWithoutContent[] = {"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"};

template <std::size_t n>
bool is_one_of(Bytes method, const Bytes (&list)[n]) {
  return std::find(std::begin(list), std::end(list), method) != std::end(list);
}

bool opens_tunnel(const RequestHead& request) { return request.is_connect() || asks_upgrade(request).any(); }

}  // namespace

std::string_view name_of(NotKept why) { return kNotKeptNames[static_cast<std::size_t>(why)]; }

std::string_view name_of(IdleEnd why) { return kIdleNames[static_cast<std::size_t>(why)]; }

void Keeping::asks(const RequestHead& sent, bool has_body, bool suspicious) {
  if (!possible_) return;
  under_way_ = true;
  if (opens_tunnel(sent)) note(NotKept::tunnel);
  if (binds_connection(sent)) note(NotKept::authentication);
  if (suspicious || (has_body && is_one_of(sent.method(), kWithoutContent))) note(NotKept::suspect);
}

void Keeping::answers(const ResponseHead& head, const Framing& framing, bool asked) {
  unproven_ = false;
  if (!possible_) return;
  if (framing.kind == Framing::Kind::tunnel) note(NotKept::tunnel);
  if (!keeps_alive(head, framing) || head.minor_version() == 0) note(NotKept::not_persistent);
  if (binds_connection(head)) note(NotKept::authentication);
  if (!asked) note(NotKept::answered_early);
}

bool Keeping::may_take(const RequestHead& request, bool has_body, bool suspicious) const {
  return possible_ && !has_body && !suspicious && is_one_of(request.method(), kIdempotent) && !opens_tunnel(request) &&
         !binds_connection(request);
}

std::optional<NotKept> Keeping::against() const {
  if (!possible_) return std::nullopt;
  if (against_) return against_;
  return under_way_ ? std::optional(NotKept::unfinished) : std::nullopt;
}

}  // namespace hyalite
