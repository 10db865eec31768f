// Everything a worker receives from its generation, and nothing else.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"
#include "base/fd.h"
#include "base/log.h"
#include "metrics/board.h"
#include "net/loop_table.h"
#include "plugin/call_slot.h"
#include "process/channel.h"
#include "process/program.h"
#include "process/worker_note.h"
#include "settings/settings.h"
#include "tls/refusals.h"

namespace hyalite {

// One listening socket of many on its address (SO_REUSEPORT). Its clients are those of worker `slot
// % workers`, and of the next one while that one is gone.
struct ListeningSocket {
  Fd fd;
  Address address;           // what it really listens on
  std::size_t listener = 0;  // the index in Settings::listeners
  std::size_t slot = 0;
};

// Made in the generation, used by the worker after the fork. The references are to the generation's
// own objects, of which the fork made a copy (of what is on the board: a window on the same
// memory).
struct Inheritance {
  std::uint64_t generation = 0;  // its number, from 1
  unsigned worker = 0;  // its place
  unsigned workers = 1;
  unsigned row = 0;  // of the board
  const Settings& settings;
  Program& program;
  Board& board;
  LoopTable& upstreams;
  CallSlot& calls;
  CallHistory& history;
  WorkerPulse& pulse;
  std::vector<ListeningSocket>& sockets;  // of all workers
  Channel orders;                         // its end: the generation died
  Channel questions;                      // the admin process asks what the worker does
  Fd signer;         // certificates for clients are asked for there; none: there is no CA
  Cell leaf_counts;  // by LeafCount
  Refusals& refusals;
  Fd master_life;  // its end: the master died
  Log& log;
};

}  // namespace hyalite
