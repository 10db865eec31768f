// How every part of the service begins: what it is told by the master, and the settings.
// SPDX-License-Identifier: MIT
#include "process/beginning.h"

#include <poll.h>
#include <sys/prctl.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "process/child.h"
#include "process/memory_file.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr Milliseconds kFirstMessage = Seconds{10};

}  // namespace

Result<Received> await_message(const Channel& channel, int master_life, Milliseconds timeout) {
  const SystemClock clock;
  const Monotonic until = clock.now() + timeout;
  while (true) {
    auto received = channel.receive();
    if (!received) return received.error();
    if (*received && (*received)->cut)
      return Error{Fault::us, "a message was cut: this process has no descriptors left"};
    if (*received) return std::move(**received);
    const auto left = std::chrono::ceil<Milliseconds>(until - clock.now());
    if (timeout.count() >= 0 && left.count() <= 0)
      return Error{Fault::us, "the master says nothing"};
    pollfd watched[] = {{channel.fd(), POLLIN, 0}, {master_life, POLLIN, 0}};
    const int ready = ::poll(watched, 2, timeout.count() < 0 ? -1 : static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return Error::system(Fault::us, "poll", errno);
    if (ready > 0 && watched[1].revents != 0) return Error{Fault::us, "the master is gone"};
  }
}

Result<Beginning> await_beginning() {
  auto channel = inherited_channel();
  if (!channel) return channel.error();
  // Until it is told of the master's life by a pipe; also covers plugins that hang while they are
  // loaded.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  auto received = await_message(*channel, -1, kFirstMessage);
  if (!received) return received.error();
  const auto message = received->as<Begin>(4);
  if (!message) return Error{Fault::us, "the master speaks another protocol"};
  return Beginning{std::move(*channel),         *message,
                   message->file.text(),        std::move(received->fds[0]),
                   std::move(received->fds[1]), std::move(received->fds[2]),
                   std::move(received->fds[3])};
}

SettingsOrFailure read_settings(const Beginning& beginning) {
  const auto text = text_of(beginning.settings_text.get(), kMaxSettingsFileBytes);
  if (!text) return {{}, {}, Failure::of(text.error(), beginning.file)};
  auto read = read_settings(*text, beginning.file);
  if (!read) return {std::move(read.settings), {}, Failure::of(read.mistakes)};
  return {std::move(read.settings), std::move(read.positions), std::nullopt};
}

Result<LeftPrivileges> give_up_privileges(const Beginning& beginning, const WorkerSettings& workers,
                                          bool net_raw, Log& log) {
  const std::string user = beginning.message.user.text();
  WantedPrivileges wanted{user.empty() ? workers.user : user, user.empty() ? workers.group : "",
                          net_raw};
  auto left = give_up_privileges(wanted);
  if (left && left->user == LeftPrivileges::User::kept && beginning.message.first != 0) {
    log.info("privileges.user_kept", {{"why", "this user namespace has no user " + wanted.user}});
  }
  return left;
}

}  // namespace hyalite
