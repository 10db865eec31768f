// The thread that writes: a worker puts lines in and goes on; whatever the disk does is this
// thread's business. SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sink.h"

class Writer {
 public:
  using Milliseconds = std::chrono::milliseconds;
  struct Options {
    std::size_t buffer_bytes = std::size_t{4} << 20;  // may wait; what does not fit is not taken
    Milliseconds flush{1'000};  // a line waits no longer than this, if the sink takes it
  };
  // Both are called by the thread that writes, and must be fit for that: so many lines were
  // written; the sink stopped taking lines, and why, or takes them again (empty).
  struct Ears {
    std::function<void(std::size_t lines)> written;
    std::function<void(const std::string& why)> trouble;
  };

  // Nothing starts yet: no thread, no file.
  Writer(std::unique_ptr<Sink> sink, Options options, Ears ears);
  // Ends the thread first, if it runs; a thread that hangs in the disk is left behind.
  ~Writer();

  const Sink& sink() const;

  // ---- the worker's thread; after start
  // False: no thread could be had.
  bool start();
  // Neither waits. add: a whole line with its end, for which there is room.
  bool has_room(std::size_t bytes) const;
  void add(std::string_view line);
  // The sink takes nothing, or so slowly that half of the room is used up.
  bool stuck() const;
  // What was added before goes to the file as it is, what comes after to the one that has the name
  // then; as long as that cannot be opened, it waits.
  void reopen();
  // Writes what waits, for so long at most. False: not all was written. The last call.
  bool stop(Milliseconds at_most);

 private:
  class Thread;
  std::shared_ptr<Thread> thread_;
};
