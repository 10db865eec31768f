// What the processes run.
// SPDX-License-Identifier: MIT
//
// Given by main, so that this room starts and replaces processes without knowing plugins and flows.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "event/loop.h"
#include "metrics/board.h"
#include "metrics/layout.h"
#include "net/listener.h"
#include "net/loop_table.h"
#include "plugin/call_slot.h"
#include "settings/mistake.h"
#include "settings/settings.h"

namespace hyalite {

class LeafSource;
class Refusals;

// What a worker does with its clients. Lives in one worker, on its loop; nothing here blocks for
// long.
class Service {
 public:
  // Whoever is still connected is cut off; nothing is called afterwards.
  virtual ~Service() = default;

  // A client to serve, and one that is not served but may get a short answer.
  virtual void accept(Accepted client) = 0;
  virtual void refuse(Refused client) = 0;
  // No descriptors or memory are left for accepting; `shed` clients were closed unheard.
  virtual void exhausted(std::size_t shed) = 0;
  // Files were moved away by name: open them again.
  virtual void reopen() = 0;
  // No new clients come. Those we have end at their next response, and all of them by the deadline
  // (0: at once). May be called again with an earlier deadline.
  virtual void drain(Milliseconds deadline) = 0;
  // How many clients we have.
  virtual std::size_t size() const = 0;
  // For people: a JSON array of the flows of this moment, at most `most` of them.
  virtual std::string live_view(std::size_t most) const = 0;
};

// What a program is loaded from. Lent for load() only, but for `settings` and `log`, which outlive
// the program.
struct LoadNeeds {
  const Settings& settings;
  std::string file;  // what mistakes call the settings file
  // Instances that are not to run, unless they are another build than this one ("ads=0123"); their
  // policies decide what becomes of traffic.
  std::vector<std::string> quarantined;
  unsigned workers;  // among how many the limits of the gateway are shared
  Layout& layout;
  CallSlot& calls;  // says whose code runs while it loads, by the place in the settings
  Log& log;
};

// What a worker lends its service, for the service's life.
struct ServiceNeeds {
  Loop& loop;
  const Settings& settings;
  MetricRow row;         // this worker's own
  LoopTable& upstreams;  // shared by all workers of the generation
  CallSlot& calls;       // this worker's own
  CallHistory& history;  // likewise
  Refusals& refusals;    // shared by all workers, across reloads
  Log& log;
  LeafSource* leaves = nullptr;  // null: there is no CA, so no client can be answered in TLS
  unsigned worker = 0;
  unsigned workers = 1;
  unsigned upstreams_owner = 0;  // as which its connections stand in `upstreams`
};

// One per generation. What load() makes is shared by all workers until they write to it.
class Program {
 public:
  virtual ~Program() = default;
  // In the generation, once, before any fork: loads the plugins and declares what is counted.
  // Everything that is wrong, at once; empty: it can be started. The process has one thread, before
  // and after.
  virtual Mistakes load(const LoadNeeds& needs) = 0;
  // What was loaded, for people and programs: a JSON array with an object per plugin of the
  // settings; `loaded` says whether it runs.
  virtual std::string plugins() const = 0;
  // The instance that a worker's call slot means: `place` + 1 stands there. Empty when there is
  // none.
  virtual std::string instance(std::size_t place) const = 0;
  // A word that says as what that instance was loaded: another file or other settings, another word.
  virtual std::string build(std::size_t place) const = 0;
  // Of those in quarantine, the names of whoever was loaded all the same: they are another build.
  virtual std::vector<std::string> released() const = 0;
  // In each worker, once, after the fork.
  virtual Result<std::unique_ptr<Service>> start(const ServiceNeeds& needs) = 0;
  // Instead of start, where memory is checked: gives everything back.
  virtual void unload() = 0;
};

}  // namespace hyalite
