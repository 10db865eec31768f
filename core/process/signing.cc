// The generation's side of the signer: starts it, and hands its sockets to the workers.
// SPDX-License-Identifier: MIT
#include "process/signing.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "process/beginning.h"
#include "process/messages.h"

namespace hyalite {

namespace {

Result<void> hand_over(const Channel& channel, const SignerWish& wish, std::vector<Fd>& ends) {
  SignerBegin begin;
  begin.file = FixedText<4'096>(wish.file);
  begin.user = FixedText<64>(wish.user);
  begin.ends = wish.askers;
  if (auto sent = channel.send(begin, {wish.settings_text, wish.master_life}); !sent) return sent;
  while (ends.size() < wish.askers) {
    std::vector<Fd> theirs;
    std::vector<int> sent_now;
    while (theirs.size() < Channel::kMostFds && ends.size() < wish.askers) {
      int pair[2];
      if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return Error::system(Fault::us, "socketpair", errno);
      ends.emplace_back(pair[0]);
      sent_now.push_back(theirs.emplace_back(pair[1]).get());
    }
    if (auto sent = channel.send(SignerEnd{}, sent_now); !sent) return sent;
  }
  return {};
}

void wait_for_end(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

SignerOrFailure start_signer(const SignerWish& wish) {
  auto child = start_child(kThisProgram, "signer", "signer");
  if (!child) return {{}, Failure::of(child.error(), wish.file)};
  SignerPart part{std::move(*child), {}};
  const auto handed = hand_over(part.child.channel, wish, part.ends);
  const auto answer = handed ? await_message(part.child.channel, wish.master_life, wish.patience)
                             : Result<Received>(handed.error());
  const bool ready = answer && answer->as<SignerReady>();
  if (ready && wish.askers > 0) return {std::move(part), {}};
  part.child.channel.close();
  if (!ready) ::kill(part.child.pid, SIGKILL);
  wait_for_end(part.child.pid);
  if (ready) return {};
  if (!answer) return {{}, Failure::of(answer.error(), wish.file)};
  const auto failure = told_failure(*answer);
  return {
      {},
      failure ? *failure : Failure::of(Error{Fault::us, "the signer could not start"}, wish.file)};
}

}  // namespace hyalite
