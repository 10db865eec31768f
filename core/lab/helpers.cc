// What runs in a lab beside its command: the proxy, the origin's web server.
// SPDX-License-Identifier: MIT
#include "lab/helpers.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/fd.h"
#include "lab/namespaces.h"
#include "lab/program.h"
#include "lab/web.h"

namespace hyalite {

namespace {

constexpr char kNotifySocket[] = "/run/hyalite-lab/notify";
constexpr int kStartMs = 60'000;
constexpr int kStopMs = 15'000;

// Where the proxy says "READY=1" (sd_notify(3)).
Result<Fd> notify_socket() {
  Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, kNotifySocket);
  ::unlink(kNotifySocket);
  if (!socket || ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return Error::system(Fault::us, kNotifySocket, errno);
  }
  return socket;
}

std::string own_program() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "/proc/self/exe";
}

bool says_ready(int socket) {
  char text[4096];
  const ssize_t size = ::recv(socket, text, sizeof text, 0);
  return size > 0 && std::string_view(text, static_cast<std::size_t>(size)).find("READY=1") !=
                         std::string_view::npos;
}

Fd handle_of(pid_t process) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0))); }

Result<void> wait_until_ready(pid_t proxy, int socket) {
  const Fd process = handle_of(proxy);
  pollfd ready[] = {{socket, POLLIN, 0}, {process.get(), POLLIN, 0}};
  while (::poll(ready, 2, kStartMs) > 0) {
    if ((ready[0].revents & POLLIN) && says_ready(socket)) return {};
    if (ready[1].revents & POLLIN) return Error{Fault::us, "the proxy did not start", 0};
  }
  return Error{Fault::us, "the proxy is not up after a minute", 0};
}

}  // namespace

Result<pid_t> start_proxy(const std::string& settings_file) {
  const Result<Fd> socket = notify_socket();
  if (!socket) return socket.error();
  std::fflush(nullptr);
  const pid_t proxy = ::fork();
  if (proxy < 0) return Error::system(Fault::us, "fork", errno);
  if (proxy == 0) {
    ::setenv("NOTIFY_SOCKET", kNotifySocket, 1);
    become({own_program(), "run", "--config", settings_file});
  }
  const Result<void> up = wait_until_ready(proxy, socket->get());
  if (!up) return up.error();
  return proxy;
}

void stop_proxy(pid_t proxy) {
  const Fd process = handle_of(proxy);
  ::kill(proxy, SIGTERM);
  pollfd ended{process.get(), POLLIN, 0};
  while (::poll(&ended, 1, kStopMs) < 0 && errno == EINTR) {
  }
  ::waitpid(proxy, nullptr, WNOHANG);
}

Result<void> start_web(const LabOptions& options) {
  const Result<void> there = enter_network(LabHost::origin);
  if (!there) return there;
  std::vector<Fd> listeners;
  for (const std::uint16_t port : options.ports) {
    Result<Fd> listener = listen_for_web(port);
    if (!listener) return listener.error();
    listeners.push_back(*std::move(listener));
  }
  std::fflush(nullptr);
  const pid_t server = ::fork();
  if (server < 0) return Error::system(Fault::us, "fork", errno);
  if (server == 0) {
    serve_web(listeners);
    ::_exit(1);
  }
  return enter_network(LabHost::gateway);
}

}  // namespace hyalite
