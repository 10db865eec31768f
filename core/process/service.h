// What a worker does with its clients: the seam between the processes and the flows.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "event/loop.h"
#include "metrics/board.h"
#include "metrics/layout.h"
#include "net/listener.h"
#include "net/loop_table.h"
#include "plugin/chain.h"
#include "settings/settings.h"

namespace hyalite {

// Everything a service may use; all of it outlives the service.
struct ServiceNeeds {
  Loop& loop;
  const Settings& settings;
  Chain& chain;
  MetricRow row;         // this worker's own
  LoopTable& upstreams;  // shared by all workers of the generation
  Log& log;
  unsigned worker = 0;
  unsigned workers = 1;
};

// Lives in one worker, on its loop. Nothing here blocks.
class Service {
 public:
  virtual ~Service() = default;

  // A client to serve, or one that is not served and may get a short answer.
  virtual void accept(Accepted client) = 0;
  virtual void refuse(Refused client) = 0;
  // No new clients will come; those we have end at their next response, all of them by the deadline
  // (0: at once). May be called again, with an earlier deadline.
  virtual void drain(Milliseconds deadline) = 0;
  // Is nobody left?
  virtual bool idle() const = 0;
  // The flows of this moment for people to look at: a JSON array of at most `most` objects.
  virtual std::string live_view(std::size_t most) const = 0;
};

// Given by main, so that the process room starts and replaces workers without knowing what they do.
// Lives in the generation from before the board until the end.
class ServiceMaker {
 public:
  virtual ~ServiceMaker() = default;
  // In the generation, once, before the board is made.
  virtual void declare(Layout& layout, const Settings& settings) = 0;
  // In each worker, once, after the fork and after the chain was started.
  virtual std::unique_ptr<Service> make(const ServiceNeeds& needs) = 0;
};

}  // namespace hyalite
