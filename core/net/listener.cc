// Accepts clients and finds out where they were going.
// SPDX-License-Identifier: MIT
#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "net/socket_options.h"

namespace hyalite {

namespace {

Fd open_reserve() { return Fd(open("/dev/null", O_RDONLY | O_CLOEXEC)); }

// accept() also passes on what befell a connection while it waited; that is not about us.
bool is_fault_of_one_client(int code) {
  switch (code) {
    case ECONNABORTED:
    case EINTR:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENONET:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

Listener::Listener(Loop& loop, Fd listening, Arrivals& arrivals, ListenerOwner& owner,
                   ListenerOptions options)
    : listening_(std::move(listening)),
      arrivals_(arrivals),
      owner_(owner),
      options_(std::move(options)),
      watch_(loop, callback<&Listener::on_readable>(*this)),
      rest_(loop, callback<&Listener::on_rested>(*this)),
      reserve_(open_reserve()) {}

Listener::~Listener() {
  if (destroyed_ != nullptr) *destroyed_ = true;
}

Result<void> Listener::resume() {
  wanted_ = true;
  if (accepting() || rest_.running()) return {};
  return watch_.start(listening_.get());
}

void Listener::pause() {
  wanted_ = false;
  watch_.stop();
}

void Listener::on_rested() {
  if (wanted_ && !resume()) rest_.start(options_.rest);
}

void Listener::on_readable() {
  bool destroyed = false;
  destroyed_ = &destroyed;
  for (std::size_t i = 0; i < options_.batch; ++i) {
    const Step step = accept_one();
    if (destroyed) return;
    if (step != Step::go_on || !accepting()) break;
  }
  destroyed_ = nullptr;
}

Listener::Step Listener::accept_one() {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  Fd fd(accept4(listening_.get(), reinterpret_cast<sockaddr*>(&storage), &size,
                SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd) {
    const int code = errno;
    if (code == EAGAIN || code == EWOULDBLOCK) return Step::stop;
    if (is_fault_of_one_client(code)) return Step::go_on;
    on_exhausted(code);
    return Step::stop;
  }
  starved_ = false;
  const auto client = Address::from_sockaddr(reinterpret_cast<sockaddr*>(&storage));
  if (client) hand_on(std::move(fd), ClientAddress{*client});
  return Step::go_on;
}

void Listener::hand_on(Fd fd, const ClientAddress& client) {
  const auto verdict = options_.fixed ? arrivals_.judge_fixed(*options_.fixed, client)
                                      : arrivals_.judge(fd.get(), client);
  if (const auto* refusal = std::get_if<ArrivalRefusal>(&verdict)) {
    owner_.on_refused({*refusal, std::move(fd), client, options_.index});
    return;
  }
  const auto& arrival = std::get<Arrival>(verdict);
  owner_.on_accepted({std::move(fd), client, arrival.destination, arrival.mode, options_.index});
}

void Listener::on_exhausted(int code) {
  // A short want is waited out: nobody notices. If it lasts, clients are told rather than left
  // hanging.
  const std::size_t shed = starved_ ? shed_waiting() : 0;
  starved_ = true;
  watch_.stop();
  rest_.start(options_.rest);
  owner_.on_exhausted(code, shed);
}

std::size_t Listener::shed_waiting() {
  reserve_.reset();
  std::size_t shed = 0;
  while (shed < options_.batch) {
    const Fd fd(accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) break;
    (void)set_reset_on_close(fd.get());
    ++shed;
  }
  reserve_ = open_reserve();
  return shed;
}

}  // namespace hyalite
