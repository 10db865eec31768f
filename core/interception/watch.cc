// Notices what other programs take away of interception.
// SPDX-License-Identifier: MIT
#include "interception/watch.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>

#include "interception/installer.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

constexpr Milliseconds kTogether{200}, kLookAgain = Seconds{60};
constexpr std::size_t kMostTries = 10;  // to put it back, within kLookAgain

Result<Fd> subscribed(int protocol, std::initializer_list<int> groups) {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (!fd || ::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    return Error::system(Fault::operator_, "netlink", errno);
  for (const int group : groups) {
    if (::setsockopt(fd.get(), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) != 0)
      return Error::system(Fault::operator_, "cannot listen for changes (CAP_NET_ADMIN)", errno);
  }
  return fd;
}

// What is lost when the buffer overflows was a change, too.
bool empty_out(const Fd& fd) {
  char space[16'384];
  bool any = false;
  for (;;) {
    const ssize_t got = ::recv(fd.get(), space, sizeof space, 0);
    if (got < 0 && errno != ENOBUFS && errno != EINTR) return any;
    any = true;
  }
}

std::string what_of(const std::vector<Difference>& differences) {
  std::string text;
  for (const Difference& it : differences)
    text += (text.empty() ? "" : "; ") + std::string(name_of(it.kind)) + ": " + it.what;
  return text;
}

// Not when somebody switched it off, or on otherwise, meanwhile.
bool is_still(const InterceptState& state) {
  const auto now = StateFile().read();
  return now && *now && (*now)->settings_text == state.settings_text;
}

// True: something may have changed, even if it failed: that is heard of.
bool restore(const Settings& settings, const MachineFacts& machine, const InterceptState& state,
             Log& log) {
  const auto plan = make_plan(settings, machine, {state.keep_open});
  const auto possible = plan ? find_obstacles(settings, *plan) : Result<void>(plan.error());
  if (!possible) {
    log.error("intercept.not_restored", {{"reason", possible.error().text}});
    return false;
  }
  const auto done =
      switch_on({settings, *plan, state.settings_file, state.keep_open, state.settings_text, true});
  if (done && !is_still(state)) return false;
  if (done) {
    log.info("intercept.restored");
  } else {
    log.error("intercept.not_restored", {{"reason", done.error().text}});
  }
  return true;
}

}  // namespace

Result<ChangeListener> ChangeListener::open() {
  auto routing = subscribed(NETLINK_ROUTE, {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
                                            RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE});
  if (!routing) return routing.error();
  auto packets = subscribed(NETLINK_NETFILTER, {NFNLGRP_NFTABLES});
  // A kernel without nftables has nothing to say about them.
  Fd fd = packets ? std::move(*packets) : Fd();
  return ChangeListener(std::move(*routing), std::move(fd));
}

bool ChangeListener::wait(Milliseconds most) {
  pollfd watched[] = {{routing_.get(), POLLIN, 0}, {packets_.get(), POLLIN, 0}};
  if (::poll(watched, 2, static_cast<int>(most.count())) <= 0) return false;
  ::poll(nullptr, 0, static_cast<int>(kTogether.count()));
  const bool routing = empty_out(routing_);
  return (packets_ && empty_out(packets_)) || routing;
}

bool watch_once(Log& log) {
  const auto state = StateFile().read();
  if (!state) {
    log.error("intercept.not_restored", {{"reason", state.error().text}});
    return false;
  }
  if (!*state || !(*state)->complete) return false;
  const SettingsRead read = read_settings((*state)->settings_text, (*state)->settings_file);
  const MachineFacts machine = look_at_machine(read.settings);
  const auto found = compare(read.settings, machine);
  if (!found) {
    log.error("intercept.not_restored", {{"reason", found.error().text}});
    return false;
  }
  if (!found->complete || found->differences.empty()) return false;
  log.warning("intercept.differs", {{"what", what_of(found->differences)}});
  if (read.settings.interception.watch == WatchAction::report) return false;
  return restore(read.settings, machine, **state, log);
}

Error watch_interception(const Clock& clock, Log& log) {
  auto changes = ChangeListener::open();
  if (!changes) return changes.error();
  log.info("intercept.watching");
  std::deque<Monotonic> tries;
  for (;;) {
    if (watch_once(log)) tries.push_back(clock.now());
    while (!tries.empty() && clock.now() - tries.front() > kLookAgain) tries.pop_front();
    if (tries.size() < kMostTries) {
      (void)changes->wait(kLookAgain);
    } else {
      log.error("intercept.fought_over");
      ::poll(nullptr, 0, static_cast<int>(kLookAgain.count()));
      tries.clear();
    }
  }
}

}  // namespace hyalite
