// Starts a process of ours, afresh: a new image of the program, nothing inherited but one channel.
// SPDX-License-Identifier: MIT
#include "process/child.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

namespace hyalite {

namespace {

constexpr int kChannelFd = 3;

// Only what is safe between fork and exec.
[[noreturn]] void become_child(const char* program, char* const* arguments, int channel) {
  const int empty = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (empty >= 0) ::dup2(empty, STDIN_FILENO);
  // dup2() to itself would leave close-on-exec set.
  if (channel == kChannelFd) {
    ::fcntl(kChannelFd, F_SETFD, 0);
  } else {
    ::dup2(channel, kChannelFd);
  }
  ::syscall(SYS_close_range, kChannelFd + 1, ~0U, 0);
  listen_to_channels_only();
  ::execv(program, arguments);
  ::_exit(kCouldNotExecute);
}

}  // namespace

void name_process(const char* name) { ::prctl(PR_SET_NAME, name, 0, 0, 0); }

void listen_to_channels_only() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGPIPE})
    std::signal(signal, SIG_IGN);
  std::signal(SIGCHLD, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<Child> start_child(const std::string& program, const std::string& part,
                          const std::string& label) {
  auto ends = Channel::pair();
  if (!ends) return ends.error();
  ends->first.widen();
  ends->second.widen();
  std::string name = "hyalite", option = kPartOption, role = part, shown = label;
  const std::array<char*, 5> arguments = {name.data(), option.data(), role.data(), shown.data(),
                                          nullptr};
  const pid_t pid = ::fork();
  if (pid < 0) return Error::system(Fault::us, "cannot start a process", errno);
  if (pid == 0) become_child(program.c_str(), arguments.data(), ends->second.fd());
  return Child{pid, std::move(ends->first)};
}

Result<Channel> inherited_channel() {
  int type = 0;
  socklen_t size = sizeof(type);
  const bool ours =
      ::getsockopt(kChannelFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
  if (!ours)
    return Error{Fault::operator_, "this is a part of the service: it is started by `hyalite run`"};
  ::fcntl(kChannelFd, F_SETFD, FD_CLOEXEC);
  return Channel(Fd(kChannelFd));
}

}  // namespace hyalite
