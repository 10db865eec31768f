// A worker's way to the signer.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "event/callback.h"
#include "event/loop.h"
#include "event/watch.h"
#include "tls/signer.h"

namespace hyalite {

// Messages there and back. One per worker, on its loop; never blocks.
class SignerLink {
 public:
  // Told each message that comes back, lent for the call, later on the loop.
  using Answers = Callback<std::string_view>;
  virtual ~SignerLink() = default;
  virtual void listen(Answers answers) = 0;
  // An error when so much is waiting already that this does not fit, or nobody will ever read it.
  virtual Result<void> send(std::string_view request) = 0;
};

// To the signer's process, over a SOCK_SEQPACKET socket. When the signer is replaced, what it did
// not read is read by the next one from the same socket.
class SignerSocket final : public SignerLink {
 public:
  SignerSocket(Loop& loop, Fd socket);
  void listen(Answers answers) override;
  Result<void> send(std::string_view request) override;

 private:
  void on_readable();

  Fd socket_;
  ReadWatch watch_;
  std::optional<Answers> answers_;
  std::string buffer_;  // for the message that is read: filled with zeroes once, not at each wake-up
};

// In this very process: for tests and measurements. A service has its signer in a process apart.
class LocalSigner final : public SignerLink {
 public:
  LocalSigner(Loop& loop, const Signer& signer) : loop_(loop), signer_(signer) {}
  void listen(Answers answers) override { answers_ = answers; }
  Result<void> send(std::string_view request) override;

 private:
  Loop& loop_;
  const Signer& signer_;
  std::optional<Answers> answers_;
};

// One message of at most kMostSignerBytes from such a socket, read into `buffer`; nothing when none
// is there yet; an empty one for what is none. An error: the peer is gone.
Result<std::optional<std::string_view>> receive_message(int socket, std::string& buffer);
// An error with EAGAIN as its code: the peer does not read.
Result<void> send_message(int socket, std::string_view message);

}  // namespace hyalite
