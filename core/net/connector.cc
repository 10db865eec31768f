// Connects before a deadline, as ourselves or as the client.
// SPDX-License-Identifier: MIT
#include "net/connector.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cassert>
#include <cerrno>
#include <utility>

#include "net/listening_socket.h"
#include "net/socket_options.h"

namespace hyalite {

namespace {

Fault fault_of(int code) {
  switch (code) {
    case EPERM:
    case EACCES:
      return Fault::operator_;
    case EADDRINUSE:
    case EADDRNOTAVAIL:
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EAFNOSUPPORT:
    case EINVAL:
      return Fault::us;
    default:
      return Fault::upstream;
  }
}

Error trouble(const std::string& what, int code) {
  return Error::system(fault_of(code), what, code);
}

struct Sources {
  std::array<Source, 3> list{};
  std::size_t count = 0;
  void add(Source source) { list[count++] = source; }
};

Sources sources_of(const ConnectSpec& spec) {
  Sources sources;
  if (spec.as_client && spec.keep_client_port) sources.add(Source::client_address_and_port);
  if (spec.as_client) sources.add(Source::client_address);
  if (!spec.as_client || spec.may_use_own_address) sources.add(Source::own_address);
  return sources;
}

}  // namespace

struct Connector::Failure {
  Error error;
  bool of_source = false;  // another source may do better
};

const char* name(Source source) {
  switch (source) {
    case Source::client_address_and_port:
      return "client_address_and_port";
    case Source::client_address:
      return "client_address";
    case Source::own_address:
      return "own_address";
  }
  return "";
}

bool means_ports_exhausted(int code) { return code == EADDRINUSE || code == EADDRNOTAVAIL; }

Connector::Connector(Loop& loop, Wheel& wheel, Watch& watch, LoopTable& guard, unsigned worker,
                     Callback<ConnectResult> done)
    : watch_(watch),
      wheel_(wheel),
      guard_(guard),
      worker_(worker),
      done_(done),
      watch_owner_(watch.owner()),
      deadline_(callback<&Connector::on_deadline>(*this)),
      turn_(loop, callback<&Connector::on_turn>(*this)) {}

Connector::~Connector() { cancel(); }

void Connector::cancel() {
  if (!running_) return;
  running_ = false;
  deadline_.cancel();
  turn_.cancel();
  watch_.stop();
  watch_.set_owner(watch_owner_);
  connected_ = {};
}

void Connector::start(const ConnectSpec& spec) {
  assert(!running_ && !watch_.watching());
  spec_ = spec;
  running_ = true;
  given_up_count_ = 0;
  watch_owner_ = watch_.owner();
  watch_.set_owner(callback<&Connector::on_ready>(*this));
  wheel_.schedule(deadline_, spec.within);
  if (auto failure = go_through_sources()) {
    failure_ = std::move(failure->error);
    turn_.ask();
  }
}

std::optional<Connector::Failure> Connector::go_through_sources() {
  const Sources sources = sources_of(spec_);
  for (std::size_t i = 0;; ++i) {
    auto failure = attempt(sources.list[i]);
    if (!failure || !failure->of_source || i + 1 == sources.count) return failure;
    given_up_[given_up_count_++] = {sources.list[i], failure->error.code};
  }
}

std::optional<Connector::Failure> Connector::attempt(Source source) {
  const int family = spec_.remote.ip.is_v4() ? AF_INET : AF_INET6;
  Fd fd(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return Failure{trouble("socket", errno)};
  if (auto done = prepare(fd.get()); !done) return Failure{done.error()};
  if (auto done = take_source(fd.get(), source, family); !done) return Failure{done.error(), true};
  return connect_from(std::move(fd), source, family);
}

Result<void> Connector::prepare(int fd) {
  (void)set_no_delay(fd);
  if (spec_.data_follows) (void)set_quick_ack(fd, false);
  connected_.unmarked = false;
  if (!spec_.mark) return {};
  if (auto marked = set_mark(fd, *spec_.mark); !marked) {
    // Where our own traffic is intercepted, a connection without the mark comes back to us.
    if (spec_.mark_required) return trouble("SO_MARK (it needs CAP_NET_RAW)", marked.error().code);
    connected_.unmarked = true;
  }
  return {};
}

Result<void> Connector::take_source(int fd, Source source, int family) {
  if (source == Source::own_address) return {};
  Address address = *spec_.as_client;
  if ((family == AF_INET) != address.ip.is_v4())
    return trouble("bind to " + address.ip.text(), EAFNOSUPPORT);
  if (auto done = set_transparent(fd, family); !done) {
    return trouble("transparent (it needs CAP_NET_RAW)", done.error().code);
  }
  if (source == Source::client_address_and_port) {
    (void)set_reuse_address(fd);  // an earlier connection of that port may be in TIME_WAIT
  } else {
    address.port = 0;
    (void)set_bind_address_no_port(
        fd);  // older kernels take a port per address, not per destination
  }
  sockaddr_storage storage;
  const socklen_t size = address.to_sockaddr(storage, family);
  if (bind(fd, reinterpret_cast<sockaddr*>(&storage), size) == 0) return {};
  return trouble("bind to " + address.text(), errno);
}

std::optional<Connector::Failure> Connector::connect_from(Fd fd, Source source, int family) {
  sockaddr_storage storage;
  const socklen_t size = spec_.remote.to_sockaddr(storage, family);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0 && errno != EINPROGRESS) {
    const int code = errno;
    return Failure{trouble("connect to " + spec_.remote.text(), code), means_ports_exhausted(code)};
  }
  const auto local = listening_address(fd.get());
  if (!local) return Failure{local.error()};
  // Known only now; a worker that accepts our own connection in between lets one more turn of a
  // loop pass, not two.
  connected_.guard = guard_.insert(worker_, *local, spec_.remote);
  connected_.unguarded = !connected_.guard;
  connected_.local = *local;
  connected_.source = source;
  if (auto watched = watch_.start(fd.get()); !watched) return Failure{watched.error()};
  connected_.fd = std::move(fd);
  return std::nullopt;
}

void Connector::on_ready(Readiness ready) {
  connected_.ready = connected_.ready | ready;
  if (!connected_.ready.writable) return;
  // Only writable: connected, and nothing else happened yet. Otherwise it may have failed.
  const int code = ready.readable || ready.closed ? take_socket_error(connected_.fd.get()) : 0;
  if (code != 0) return finish(trouble("connect to " + spec_.remote.text(), code));
  finish(std::move(connected_));
}

void Connector::on_deadline() { finish(trouble("connect to " + spec_.remote.text(), ETIMEDOUT)); }

void Connector::on_turn() { finish(std::move(failure_)); }

void Connector::finish(Result<Connected> connection) {
  running_ = false;
  deadline_.cancel();
  turn_.cancel();
  if (!connection) watch_.stop();
  watch_.set_owner(watch_owner_);
  connected_ = {};
  done_({std::move(connection), given_up_, given_up_count_});  // may destroy us
}

}  // namespace hyalite
