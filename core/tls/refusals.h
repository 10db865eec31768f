// Which clients refused our certificates, for which names; and which names pass because of that.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"

namespace hyalite {

// How a client refused: the alert it sent (RFC 8446, section 6.2), or that it went away after our
// certificate and before its Finished.
enum class RefusalSign : std::uint8_t {
  unknown_ca,           // alert 48
  bad_certificate,      // alert 42
  certificate_unknown,  // alert 46
  other_alert,
  closed,
};
inline constexpr std::size_t kRefusalSigns = 5;
// The alert's name, or "closed".
std::string_view name(RefusalSign sign);
// Of an alert's number.
RefusalSign refusal_sign(std::uint8_t alert);

// When a name passes. Only clients count that have taken a certificate of ours before: one that
// lacks the CA refuses every name, and would make all of them pass.
struct Learning {
  std::size_t clients = 0;  // so many different ones have to refuse; 0: nothing is learned
  Seconds within{0};
  Seconds pass_for{0};
};

// Memory that all workers of all generations share, and the admin process; lent for its life, all
// zero when fresh. Everything is bounded: a name or client that was seen longest ago is forgotten
// for a new one. No call waits: what cannot be written at once is counted as lost. So it is while a
// process holds the memory that died there, for kLongestHold. Whoever took over a worker can write anything here; readers believe it to be names and numbers, and nothing
// else.
class Refusals {
 public:
  static constexpr std::size_t kMostNames = 2'048, kMostClients = 4'096, kClientsPerName = 8;
  // Holders need some microseconds. Whoever was stopped for longer is about to be ended (containment.worker_stall).
  static constexpr Seconds kLongestHold{10};
  static std::size_t bytes();

  explicit Refusals(std::span<std::byte> memory);  // bytes() of it, aligned as a page is

  // A client leg ended so. `name`: the server name asked for, or the destination when there is
  // none. True: with this, the name passes from now on.
  bool note(std::string_view name, const IpAddress& client, RefusalSign sign, WallTime now,
            const Learning& learning);
  // A client finished a handshake with a certificate of ours.
  void note_accepted(const IpAddress& client, WallTime now);
  // Does this name pass, as it was learned?
  bool passes(std::string_view name, WallTime now) const;

  // Forgets what was learned and counted about the name. False: there is no such name.
  bool forget(std::string_view name, WallTime now = SystemClock().wall_time());

  struct Client {
    IpAddress ip;
    std::uint32_t count = 0;
    RefusalSign last_sign = RefusalSign::closed;
    WallTime last{};
    bool accepts_others = false;  // has taken a certificate of ours
    std::uint32_t names = 0;      // different names that it refused lately; at most 255
  };
  struct Name {
    std::string name;
    std::array<std::uint64_t, kRefusalSigns> counts{};
    WallTime first{}, last{}, passes_until{};  // passes_until: the epoch when it never did
    std::vector<Client> clients;               // the latest, at most kClientsPerName

    std::uint64_t count() const;
  };
  // The latest first.
  std::vector<Name> list(std::size_t most) const;
  std::uint64_t lost() const;

 private:
  struct Table;
  Table& table_;
};

// Why, most likely, in words for the operator; and what to do.
std::string likely_cause(const Refusals::Name& name);

}  // namespace hyalite
