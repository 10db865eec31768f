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
    const std::shared_ptr<std::size_t> open = state.open;
    if (state.starting) {
      state.answered = true;
      state.loop.post([&state, found] { state.tell(found); });
    } else {
      state.tell(std::move(found));
    }
    // Last: whoever was told may have asked again, and its servers are still at work in here.
    --*open;
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

Resolver::~Resolver() = default;

Resolver::Servers::~Servers() { evdns_base_free(base, 1); }

Resolver::Looks Resolver::looks() const {
  struct stat file{};
  if (::stat(file_.c_str(), &file) != 0) return {};
  const auto changed = std::chrono::seconds(file.st_mtim.tv_sec) + std::chrono::nanoseconds(file.st_mtim.tv_nsec);
  return {file.st_ino, static_cast<std::uint64_t>(file.st_size), std::chrono::nanoseconds(changed).count()};
}

// libevent reads the configuration once. A network that changes its name servers changes the file, and those before may
// never answer: where questions overlap, there is always one under way.
void Resolver::renew() {
  std::erase_if(former_, [](const auto& servers) { return *servers->open == 0; });
  const Looks now = looks();
  if (servers_ && (now == made_from_ || former_.size() >= kMostFormer)) return;
  if (servers_ && *servers_->open > 0) former_.push_back(std::move(servers_));
  servers_ = read();
  made_from_ = now;
}

std::unique_ptr<Resolver::Servers> Resolver::read() const {
  evdns_base* base = evdns_base_new(loop_.base(), EVDNS_BASE_DISABLE_WHEN_INACTIVE);
  if (base == nullptr) return nullptr;
  auto servers = std::make_unique<Servers>(base);
  // No file, or one without a name server: the one of this machine (resolv.conf(5)). Else there is nobody to ask.
  constexpr int kNoFile = 1, kNoServer = 6;
  const int failed = evdns_base_resolv_conf_parse(base, DNS_OPTIONS_ALL, file_.c_str());
  return failed == 0 || failed == kNoFile || failed == kNoServer ? std::move(servers) : nullptr;
}

std::unique_ptr<Resolver::Lookup> Resolver::start(const std::string& name, std::uint16_t port, Callback<Found> done) {
  renew();
  auto* state = new Lookup::State{loop_, done, port, servers_ ? servers_->open : nullptr};
  std::unique_ptr<Lookup> lookup(new Lookup(state));
  if (!servers_) {
    loop_.post([state] { state->tell(Error{Fault::operator_, "there is no resolver"}); });
    return lookup;
  }
  evutil_addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_protocol = IPPROTO_TCP;
  ++*servers_->open;
  evdns_getaddrinfo_request* request = evdns_getaddrinfo(servers_->base, name.c_str(), nullptr, &hints, &Lookup::State::on_answer, state);
  if (!state->answered) state->request = request;
  state->starting = false;
  return lookup;
}

}  // namespace hyalite
