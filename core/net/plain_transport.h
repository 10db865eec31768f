// A transport without encryption: a TCP socket.
// SPDX-License-Identifier: MIT
#pragma once

#include "net/transport.h"

namespace hyalite {

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(Fd fd) : fd_(std::move(fd)) {}

  Moved read(std::span<char> room) override;
  Moved write(std::span<const Bytes> pieces, bool more) override;
  std::size_t undelivered() const override;
  void end_writing() override;
  bool closing_ends_writing() const override { return true; }
  bool is_plain() const override { return true; }
  void abort_on_close() override;
  int take_error() override;
  void met(int error) override;
  int fd() const override { return fd_.get(); }

 private:
  Fd fd_;
  int broke_ = 0;  // why, once it was told to somebody else than who reads
};

}  // namespace hyalite
