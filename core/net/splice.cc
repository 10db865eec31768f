// Moves bytes between two sockets inside the kernel, through a pipe.
// SPDX-License-Identifier: MIT
#include "net/splice.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

namespace hyalite {

PipePool::PipePool(std::size_t most, std::size_t kept, std::size_t capacity)
    : most_(most), kept_(kept), capacity_(capacity) {}

Result<Pipe> PipePool::take() {
  if (in_use_ >= most_) return Error::system(Fault::us, "no pipe is left", EMFILE);
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    ++in_use_;
    return pipe;
  }
  int ends[2];
  if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return Error::system(Fault::us, "pipe", errno);
  Pipe pipe{Fd(ends[0]), Fd(ends[1]), 0};
  // Refused above /proc/sys/fs/pipe-max-size and pipe-user-pages-soft: then it stays as small as it
  // is.
  (void)fcntl(pipe.write.get(), F_SETPIPE_SZ, static_cast<int>(capacity_));
  pipe.capacity = static_cast<std::size_t>(std::max(fcntl(pipe.write.get(), F_GETPIPE_SZ), 4096));
  ++in_use_;
  return pipe;
}

void PipePool::give_back(Pipe pipe) {
  assert(in_use_ > 0);
  --in_use_;
  if (idle_.size() < kept_) idle_.push_back(std::move(pipe));
}

void PipePool::drop(Pipe) {
  assert(in_use_ > 0);
  --in_use_;
}

Result<Splice> Splice::open(PipePool& pool, std::uint64_t most) {
  auto pipe = pool.take();
  if (!pipe) return pipe.error();
  return Splice(pool, *std::move(pipe), most);
}

Splice::Splice(PipePool& pool, Pipe pipe, std::uint64_t most)
    : pool_(&pool), pipe_(std::move(pipe)), most_(most) {}

Splice::~Splice() {
  if (!pipe_.read) return;
  // Bytes that were read but not delivered must not reach the next borrower.
  if (in_pipe() == 0) {
    pool_->give_back(std::move(pipe_));
  } else {
    pool_->drop(std::move(pipe_));
  }
}

Splice::State Splice::move(int from, int to, std::size_t budget) {
  std::size_t left = budget;
  while (true) {
    const Pull pulled = pull(from, left);
    if (pulled == Pull::failed) return State::failed;
    const Push pushed = push(to);
    if (pushed == Push::failed) return State::failed;
    if (pushed == Push::blocked) return State::needs_sink;
    if (pulled == Pull::ended) return State::end;
    if (pulled == Pull::drained) return State::needs_source;
    if (left == 0) return State::budget;
  }
}

Splice::State Splice::drain(int to) {
  switch (push(to)) {
    case Push::done: return State::end;
    case Push::blocked: return State::needs_sink;
    case Push::failed: break;
  }
  return State::failed;
}

Splice::Pull Splice::pull(int from, std::size_t& left) {
  if (source_ended_ || read_ == most_) return Pull::ended;
  const std::uint64_t room = std::min<std::uint64_t>({pipe_.capacity, left, most_ - read_});
  if (room == 0) return Pull::some;
  const ssize_t n = splice(from, nullptr, pipe_.write.get(), nullptr,
                           static_cast<std::size_t>(room), SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n < 0) {
    // A pipe counts pages, not bytes: it may be full of small pieces. It is emptied before we come
    // here again.
    if (errno == EAGAIN) return in_pipe() > 0 ? Pull::some : Pull::drained;
    return fail(Side::source, errno), Pull::failed;
  }
  if (n == 0) {
    source_ended_ = true;
    return Pull::ended;
  }
  read_ += static_cast<std::uint64_t>(n);
  left -= static_cast<std::size_t>(n);
  return read_ == most_ ? Pull::ended : Pull::some;
}

Splice::Push Splice::push(int to) {
  while (in_pipe() > 0) {
    const ssize_t n =
        splice(pipe_.read.get(), nullptr, to, nullptr, static_cast<std::size_t>(in_pipe()),
               SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n < 0) {
      if (errno == EAGAIN) return Push::blocked;
      return fail(Side::sink, errno), Push::failed;
    }
    written_ += static_cast<std::uint64_t>(n);
  }
  return Push::done;
}

void Splice::fail(Side side, int code) {
  failed_side_ = side;
  failure_ = code;
}

}  // namespace hyalite
