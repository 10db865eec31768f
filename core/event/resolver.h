// Names to addresses, without waiting: as /etc/resolv.conf and /etc/hosts say.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "event/callback.h"
#include "event/loop.h"

struct evdns_base;

namespace hyalite {

class Resolver {
 public:
  using Found = Result<std::vector<Address>>;
  // A question under way. Destroyed = nobody is told.
  class Lookup {
   public:
    ~Lookup();
    Lookup(const Lookup&) = delete;
    Lookup& operator=(const Lookup&) = delete;

   private:
    friend class Resolver;
    struct State;
    explicit Lookup(State* state) : state_(state) {}
    State* state_;
  };

  // Reads the system's configuration with the first question, and again when it has changed: questions under way are still
  // for those who were asked. While such are left from kMostFormer changes, a further one waits. The loop outlives the
  // resolver, and lookups do not.
  static constexpr std::size_t kMostFormer = 2;
  explicit Resolver(Loop& loop, std::string file = "/etc/resolv.conf") : loop_(loop), file_(std::move(file)) {}
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` is called once, on the loop and never inside start(); the addresses carry `port`. How long it may take is the
  // system's configuration; whoever has less time destroys the lookup.
  std::unique_ptr<Lookup> start(const std::string& name, std::uint16_t port, Callback<Found> done);

 private:
  // What the system's configuration looked like, outside.
  struct Looks {
    std::uint64_t inode = 0, bytes = 0;
    std::int64_t changed_ns = 0;
    bool operator==(const Looks&) const = default;
  };
  // Those whom it named.
  struct Servers {
    explicit Servers(evdns_base* made) : base(made) {}
    ~Servers();
    Servers(const Servers&) = delete;
    Servers& operator=(const Servers&) = delete;
    evdns_base* const base;
    const std::shared_ptr<std::size_t> open = std::make_shared<std::size_t>(0);  // questions that libevent has not answered; they may outlive us
  };
  Looks looks() const;
  void renew();
  std::unique_ptr<Servers> read() const;

  Loop& loop_;
  const std::string file_;
  std::unique_ptr<Servers> servers_;  // null: not asked yet, or not to be had
  Looks made_from_;
  std::vector<std::unique_ptr<Servers>> former_;  // with questions under way, as of the last question
};

}  // namespace hyalite
