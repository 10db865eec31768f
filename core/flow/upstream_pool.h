// Connections to upstreams that wait: one flow left them, another may take them.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "event/link.h"
#include "event/watch.h"
#include "event/wheel.h"
#include "flow/keeping.h"
#include "flow/tally.h"
#include "net/transport.h"
#include "settings/settings.h"

namespace hyalite {

// Whose requests a connection may carry: those from one client's address to one destination. What else makes a connection what it is
// (the mark, the way to take the client's address) is the same for a whole worker; those with TLS never come here.
struct UpstreamKey {
  IpAddress client;
  Address upstream;
  bool operator==(const UpstreamKey&) const = default;
};

// What goes with a connection from flow to pool and from pool to flow: the loop's registration, which costs nothing to hand on.
struct UpstreamConnection {
  UpstreamConnection(Loop& loop, Callback<Readiness> owner) : watch(loop, owner) {}

  std::unique_ptr<Transport> transport;  // while no flow has it; goes last, since it is watched
  Watch watch;
  Address upstream;
  bool as_wanted = true;  // the origin sees the address that it is to see, and not ours for want of it
};

// Of one worker. Bounded; each is watched: one on which anything comes is closed, since nothing was asked on it.
class UpstreamPool {
 public:
  // All outlive it.
  UpstreamPool(const ReuseSettings& settings, Wheel& wheel, Tally& tally);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // The one that was left last, whose owner is told of it from now on. Null: there is none.
  std::unique_ptr<UpstreamConnection> take(const UpstreamKey& key, Callback<Readiness> owner);
  // With its transport, and watching. `sure`: everything was read, and nothing came since. It may be closed at once.
  void keep(const UpstreamKey& key, std::unique_ptr<UpstreamConnection> connection, bool sure);
  // Descriptors are wanting: all are closed.
  void shed() { close_all(IdleEnd::evicted); }
  // All are closed, and none is kept any more.
  void drain();
  bool drains() const { return drains_; }
  std::size_t size() const { return size_; }

 private:
  struct KeyHash {
    std::size_t operator()(const UpstreamKey& key) const { return AddressHash()(key.client) * 31 + AddressHash()(key.upstream); }
  };
  class Idle;
  // Those of one key, the one that is longest idle first.
  using Line = std::vector<std::unique_ptr<Idle>>;

  Idle& longest_idle() const;
  void close(Idle& idle, IdleEnd why);
  void close_all(IdleEnd why);
  std::unique_ptr<UpstreamConnection> remove(Idle& idle);

  const ReuseSettings& settings_;
  Wheel& wheel_;
  Tally& tally_;
  std::unordered_map<UpstreamKey, Line, KeyHash> lines_;
  Link all_;  // the one that is longest idle first
  std::size_t size_ = 0;
  bool drains_ = false;
};

}  // namespace hyalite
