// The sockets on which clients arrive: opened by the master on request, kept for its life.
// SPDX-License-Identifier: MIT
#include "process/listening_sockets.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "net/listening_socket.h"
#include "net/socket_options.h"

namespace hyalite {

namespace {

int family_of(int fd) {
  int family = AF_INET6;
  socklen_t size = sizeof(family);
  ::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family;
}

bool denied(const Error& error) { return error.code == EPERM || error.code == EACCES; }

// Opens the first socket of a group, and so finds out whether it may be transparent.
Result<ListeningSockets::Group> open_group(const Address& address, Transparent transparent) {
  ListeningSockets::Group group{address, address, transparent != Transparent::no, {}, 0};
  auto first = open_listening_socket(
      {.address = address, .transparent = group.transparent, .reuse_port = true});
  if (!first && transparent == Transparent::automatic && denied(first.error())) {
    group.transparent = false;
    first = open_listening_socket({.address = address, .transparent = false, .reuse_port = true});
  }
  if (!first) return first.error();
  const auto bound = listening_address(first->get());
  if (!bound) return bound.error();
  group.bound = *bound;
  group.slots.push_back(std::move(*first));
  return group;
}

// A group that is transparent serves listeners that need not be so just as well; not the other way
// round.
Result<void> make_transparent(ListeningSockets::Group& group, Transparent wanted) {
  if (group.transparent || wanted == Transparent::no) return {};
  for (const Fd& fd : group.slots) {
    auto done = set_transparent(fd.get(), family_of(fd.get()));
    if (!done && wanted == Transparent::automatic) return {};
    if (!done) return done.error();
  }
  group.transparent = true;
  return {};
}

Result<void> grow(ListeningSockets::Group& group, std::size_t slots) {
  while (group.slots.size() < slots) {
    auto fd = open_listening_socket(
        {.address = group.bound, .transparent = group.transparent, .reuse_port = true});
    if (!fd) return fd.error();
    group.slots.push_back(std::move(*fd));
  }
  return {};
}

}  // namespace

Result<const ListeningSockets::Group*> ListeningSockets::provide(const Address& address,
                                                                 Transparent transparent,
                                                                 std::size_t slots) {
  if (slots == 0 || slots > kMostSlots) return Error{Fault::us, "so many workers cannot be"};
  Group* group = find(address);
  if (group == nullptr) {
    if (groups_.size() >= kMostAddresses) return Error{Fault::operator_, "too many listeners"};
    auto opened = open_group(address, transparent);
    if (!opened) return opened.error();
    groups_.push_back(std::move(*opened));
    group = &groups_.back();
  }
  if (auto done = make_transparent(*group, transparent); !done) return done.error();
  if (auto done = grow(*group, slots); !done) return done.error();
  return group;
}

void ListeningSockets::settle(const std::set<Address>& asked) {
  std::erase_if(groups_, [&](const Group& group) { return !asked.contains(group.asked); });
  for (Group& group : groups_) group.settled = group.slots.size();
}

void ListeningSockets::go_back() {
  for (Group& group : groups_) group.slots.resize(group.settled);
  std::erase_if(groups_, [](const Group& group) { return group.slots.empty(); });
}

void ListeningSockets::restore(Group group) {
  group.settled = group.slots.size();
  groups_.push_back(std::move(group));
}

ListeningSockets::Group* ListeningSockets::find(const Address& asked) {
  const auto known = std::find_if(groups_.begin(), groups_.end(),
                                  [&](const Group& group) { return group.asked == asked; });
  return known == groups_.end() ? nullptr : &*known;
}

std::string ListeningSockets::text() const {
  std::string text;
  for (const Group& group : groups_) text += (text.empty() ? "" : " ") + group.bound.text();
  return text;
}

}  // namespace hyalite
