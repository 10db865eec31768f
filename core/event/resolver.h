// Names to addresses, without waiting: as /etc/resolv.conf and /etc/hosts say.
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <string>
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

  // Reads the system's configuration with the first question. The loop outlives the resolver, and lookups do not.
  explicit Resolver(Loop& loop) : loop_(loop) {}
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // `done` is called once, on the loop and never inside start(); the addresses carry `port`. How long it may take is the
  // system's configuration; whoever has less time destroys the lookup.
  std::unique_ptr<Lookup> start(const std::string& name, std::uint16_t port, Callback<Found> done);

 private:
  Loop& loop_;
  evdns_base* base_ = nullptr;
};

}  // namespace hyalite
