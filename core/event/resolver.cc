// Names to addresses, without waiting.
// SPDX-License-Identifier: MIT
#include "event/resolver.h"

#include <event2/dns.h>
#include <event2/util.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>

namespace hyalite {

// Lives until libevent has called back, which it does for a question that was cancelled, too.
struct Resolver::Lookup::State {
  Loop& loop;
  Callback<Found> done;
  std::uint16_t port;
  std::shared_ptr<std::size_t> open;
  evdns_getaddrinfo_request* request = nullptr;
  bool dropped = false;  // nobody wants to know any more
  bool starting = true;
  bool answered = false;

  static void on_answer(int error, evutil_addrinfo* list, void* self) {
    State& state = *static_cast<State*>(self);
    Found found = Error{Fault::operator_, std::string("the name cannot be resolved: ") + evutil_gai_strerror(error)};
    if (error == 0) {
      std::vector<Address> addresses;
      for (const evutil_addrinfo* at = list; at != nullptr; at = at->ai_next) {
        if (auto address = Address::from_sockaddr(at->ai_addr)) {
          address->port = state.port;
          addresses.push_back(*address);
        }
      }
      evutil_freeaddrinfo(list);
      if (!addresses.empty()) found = std::move(addresses);
    }
    state.request = nullptr;
    --*state.open;
    if (!state.starting) return state.tell(std::move(found));
    state.answered = true;
    state.loop.post([&state, found] { state.tell(found); });
  }
  void tell(Found found) {
    const bool wanted = !dropped;
    const Callback<Found> told = done;
    answered = true;
    if (wanted) told(std::move(found));
    finished = true;
    if (dropped) delete this;
  }
  bool finished = false;
};

Resolver::Lookup::~Lookup() {
  if (state_->finished) {
    delete state_;
    return;
  }
  state_->dropped = true;
  if (state_->request != nullptr) evdns_getaddrinfo_cancel(state_->request);
}

Resolver::~Resolver() {
  if (base_ != nullptr) evdns_base_free(base_, 1);
}

Resolver::Looks Resolver::looks() {
  struct stat file{};
  if (::stat("/etc/resolv.conf", &file) != 0) return {};
  const auto changed = std::chrono::seconds(file.st_mtim.tv_sec) + std::chrono::nanoseconds(file.st_mtim.tv_nsec);
  return {file.st_ino, static_cast<std::uint64_t>(file.st_size), std::chrono::nanoseconds(changed).count()};
}

// libevent reads the configuration once. A network that changes its name servers changes the file.
void Resolver::renew() {
  const Looks now = looks();
  if (base_ != nullptr && (now == made_from_ || *open_ > 0)) return;
  if (base_ != nullptr) evdns_base_free(base_, 1);
  base_ = evdns_base_new(loop_.base(), EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
  made_from_ = now;
}

std::unique_ptr<Resolver::Lookup> Resolver::start(const std::string& name, std::uint16_t port, Callback<Found> done) {
  renew();
  auto* state = new Lookup::State{loop_, done, port, open_};
  std::unique_ptr<Lookup> lookup(new Lookup(state));
  if (base_ == nullptr) {
    loop_.post([state] { state->tell(Error{Fault::operator_, "there is no resolver"}); });
    return lookup;
  }
  evutil_addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  ++*open_;
  evdns_getaddrinfo_request* request = evdns_getaddrinfo(base_, name.c_str(), nullptr, &hints, &Lookup::State::on_answer, state);
  if (!state->answered) state->request = request;
  state->starting = false;
  return lookup;
}

}  // namespace hyalite
