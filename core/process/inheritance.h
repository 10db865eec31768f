// Everything a worker receives from its generation, and nothing else.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "metrics/board.h"
#include "net/loop_table.h"
#include "plugin/call_slot.h"
#include "plugin/chain.h"
#include "process/service.h"
#include "settings/settings.h"

namespace hyalite {

// One listening socket of many on its address (SO_REUSEPORT); its connections are the worker's
// whose slot it is.
struct ListeningSocket {
  Fd fd;
  std::size_t listener = 0;  // the index in Settings::listeners
  std::size_t slot =
      0;  // served by worker `slot % workers`, and by its neighbour while that one is gone
};

// Made in the generation before the fork and used by the worker after it. The references are to the
// generation's own objects, of which the fork made a copy (board, call slot and upstreams: shared
// memory).
struct Inheritance {
  std::uint64_t generation = 0;  // its number, from 1
  unsigned worker = 0;
  unsigned workers = 1;
  const Settings& settings;
  Chain& chain;
  ServiceMaker& service;
  Board& board;
  LoopTable& upstreams;
  CallSlot& calls;
  std::vector<ListeningSocket>& sockets;  // of all workers
  Fd orders;                              // the generation's channel; its end: the generation died
  Fd questions;                           // the admin process asks what the worker does
  int master_life;                        // readable (its end) when the master is gone; lent
  Log& log;
};

}  // namespace hyalite
