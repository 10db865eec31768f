// Moves bytes between two sockets inside the kernel, through a pipe.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace hyalite {

// The two ends of a pipe, empty when it is handed out.
struct Pipe {
  Fd read, write;
  std::size_t capacity = 0;  // in bytes
};

// Pipes are dear to make: kept for the next use. Outlives its borrowers.
class PipePool {
 public:
  // `most` pipes in use at once (two descriptors each), `kept` of them kept while unused. 1 MB each
  // where the kernel allows.
  PipePool(std::size_t most, std::size_t kept, std::size_t capacity = 1 << 20);
  // Fails with EMFILE at the limit: then the caller copies.
  Result<Pipe> take();
  // A pipe that still holds bytes must not be given back; use drop().
  void give_back(Pipe pipe);
  void drop(Pipe pipe);
  std::size_t in_use() const { return in_use_; }

 private:
  std::size_t most_, kept_, capacity_;
  std::size_t in_use_ = 0;
  std::vector<Pipe> idle_;
};

// One direction of a tunnel or a long body. Does no waiting: move() does what is possible and says
// what would help.
class Splice {
 public:
  // What keeps the bytes from moving.
  enum class State {
    needs_source,  // nothing to read: come back when `from` is readable
    needs_sink,    // `to` takes nothing: come back when it is writable
    budget,        // could go on: ask for a turn
    end,           // the source ended (or `most` bytes were moved) and everything was delivered
    failed,        // see failed_side() and failure()
  };
  enum class Side { source, sink };

  // Takes a pipe from the pool; `most` bytes at most are moved in all.
  static Result<Splice> open(PipePool& pool, std::uint64_t most = UINT64_MAX);
  Splice(Splice&&) = default;
  Splice& operator=(Splice&&) = delete;
  ~Splice();

  // Moves up to about `budget` bytes, which is more than 0. Neither socket blocks. Writing to a
  // socket whose peer is gone raises SIGPIPE: it must be ignored in this process.
  State move(int from, int to, std::size_t budget);
  // Gives on what is in the pipe, and takes nothing: end, needs_sink or failed.
  State drain(int to);

  std::uint64_t read() const { return read_; }        // bytes taken from the source so far
  std::uint64_t written() const { return written_; }  // bytes given to the sink so far
  std::uint64_t in_pipe() const { return read_ - written_; }
  // Whether the source said that nothing more comes (at `most` bytes it was not asked).
  bool source_ended() const { return source_ended_; }
  // After State::failed: on which side, and the errno.
  Side failed_side() const { return failed_side_; }
  int failure() const { return failure_; }

 private:
  enum class Pull { some, drained, ended, failed };
  enum class Push { done, blocked, failed };

  Splice(PipePool& pool, Pipe pipe, std::uint64_t most);
  Pull pull(int from, std::size_t& left);
  Push push(int to);
  void fail(Side side, int code);

  PipePool* pool_;
  Pipe pipe_;
  std::uint64_t most_;
  std::uint64_t read_ = 0, written_ = 0;
  bool source_ended_ = false;
  Side failed_side_ = Side::source;
  int failure_ = 0;
};

}  // namespace hyalite
