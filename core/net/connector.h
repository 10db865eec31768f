// Connects before a deadline, as ourselves or as the client.
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/fd.h"
#include "base/result.h"
#include "event/loop.h"
#include "event/watch.h"
#include "event/wheel.h"
#include "net/loop_table.h"

namespace hyalite {

// Whose address the origin sees.
enum class Source { client_address_and_port, client_address, own_address };
const char* name(Source source);

struct ConnectSpec {
  Address remote;
  std::optional<ClientAddress> as_client = {};  // needs CAP_NET_RAW; empty: as ourselves
  bool keep_client_port = false;  // try the client's own port first; collides sooner, so a port of
                                  // its own is the next try
  bool may_use_own_address =
      false;  // when the client's address cannot be taken: go as ourselves, or fail
  std::optional<std::uint32_t> mark = {};  // SO_MARK
  bool mark_required =
      false;  // a mark that cannot be set fails the attempt (else it is reported and left out)
  bool data_follows = false;    // we send as soon as we are connected
  Milliseconds within{10'000};  // rounded up to the wheel's tick
};

// A source that could not be used, and why (an errno). The next one was tried.
struct GivenUp {
  Source source;
  int code;
};

struct Connected {
  Fd fd;  // does not block; TCP_NODELAY is set. The watch lent to start() watches it already
  Source source = Source::own_address;
  Address local;           // what the origin sees, unless somebody translates
  Readiness ready;         // seen so far: at least writable. Edges: they will not be told again
  LoopTable::Entry guard;  // give it up at the first byte from upstream
  bool unguarded = false;  // the loop table was full: to be counted
  bool unmarked = false;   // the mark could not be set and was not required: to be counted
};

struct ConnectResult {
  // The error's code is the errno of the last step; Fault::upstream for what the network said
  // (ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH ...), Fault::operator_ for a missing capability,
  // Fault::us for want of ports, descriptors or memory.
  Result<Connected> connection;
  std::array<GivenUp, 2> given_up_list{};
  std::size_t given_up_count = 0;

  std::span<const GivenUp> given_up() const { return {given_up_list.data(), given_up_count}; }
};

// EADDRINUSE at bind and EADDRNOTAVAIL at connect both mean it: no source port is left for this
// destination.
bool means_ports_exhausted(int code);

// One attempt at a time. Lent things outlive it; destroying it cancels, and then `done` does not
// run.
class Connector {
 public:
  // `watch` is the connection's own, not watching yet. The connector uses it until `done`, then
  // gives it back, watching (with the owner it had) when connected, stopped when not: one
  // registration serves the connection's whole life.
  Connector(Loop& loop, Wheel& wheel, Watch& watch, LoopTable& guard, unsigned worker,
            Callback<ConnectResult> done);
  ~Connector();
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // `done` runs once, on the loop, never inside start(); it may destroy the connector.
  void start(const ConnectSpec& spec);
  void cancel();
  bool running() const { return running_; }

 private:
  struct Failure;

  std::optional<Failure> go_through_sources();
  std::optional<Failure> attempt(Source source);
  Result<void> prepare(int fd);
  Result<void> take_source(int fd, Source source, int family);
  std::optional<Failure> connect_from(Fd fd, Source source, int family);
  void on_ready(Readiness ready);
  void on_deadline();
  void on_turn();
  void finish(Result<Connected> connection);

  Watch& watch_;
  Wheel& wheel_;
  LoopTable& guard_;
  unsigned worker_;
  Callback<ConnectResult> done_;
  Callback<Readiness> watch_owner_;
  WheelEntry deadline_;
  Turn turn_;  // brings a failure of start() to `done`

  ConnectSpec spec_;
  bool running_ = false;
  Connected connected_;  // what we have of it so far
  Error failure_;        // for the turn
  std::array<GivenUp, 2> given_up_{};
  std::size_t given_up_count_ = 0;
};

}  // namespace hyalite
