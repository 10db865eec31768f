// Gives up what is no longer needed.
// SPDX-License-Identifier: MIT
#include "process/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "base/text.h"
#include "process/memory_file.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostMapBytes = 64 * 1024;  // the kernel allows 340 lines

struct User {
  std::string name;
  uid_t uid;
  gid_t gid;
};

Error system_error(const char* what) { return Error::system(Fault::operator_, what, errno); }

// Both sets of the first 64 capabilities, as capget(2) and capset(2) want them.
struct Capabilities {
  std::uint64_t effective = 0, permitted = 0, inheritable = 0;

  bool are_exactly(std::uint64_t all) const {
    return effective == all && permitted == all && inheritable == 0;
  }
};

constexpr std::uint64_t bit(int capability) { return std::uint64_t{1} << capability; }

Capabilities capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> data{};
  if (::syscall(SYS_capget, &header, data.data()) != 0) return {};
  const auto whole = [](std::uint32_t low, std::uint32_t high) {
    return std::uint64_t{high} << 32 | low;
  };
  return {whole(data[0].effective, data[1].effective), whole(data[0].permitted, data[1].permitted),
          whole(data[0].inheritable, data[1].inheritable)};
}

Result<void> set_capabilities(std::uint64_t all) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<std::uint32_t>(all), high = static_cast<std::uint32_t>(all >> 32);
  std::array<__user_cap_data_struct, 2> data{{{low, low, 0}, {high, high, 0}}};
  if (::syscall(SYS_capset, &header, data.data()) != 0)
    return system_error("cannot drop capabilities");
  return {};
}

bool any_ambient() {
  for (int capability = 0; capability < 64; ++capability) {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) > 0) return true;
  }
  return false;
}

IdMap id_map(const char* path) {
  const auto text = read_file(path, kMostMapBytes);
  return IdMap::parse(text ? *text : std::string());
}

Result<User> find_user(const WantedPrivileges& wanted) {
  errno = 0;
  const passwd* entry = ::getpwnam(wanted.user.c_str());
  if (entry == nullptr) {
    return Error{Fault::operator_, "there is no user \"" + wanted.user +
                                       "\": make it (useradd --system --no-create-home " +
                                       wanted.user + "), or name another in workers.user"};
  }
  User user{wanted.user, entry->pw_uid, entry->pw_gid};
  if (wanted.group.empty()) return user;
  const group* its = ::getgrnam(wanted.group.c_str());
  if (its == nullptr)
    return Error{Fault::operator_, "there is no group \"" + wanted.group + "\" (workers.group)"};
  user.gid = its->gr_gid;
  return user;
}

// Is there anybody to become? In the rootless lab, root is the only user of its namespace.
bool alone(const IdMap& users) { return users.count() <= 1; }

Result<void> become(const User& user) {
  // Capabilities go with the uid unless the kernel is asked to keep those permitted; what is not
  // wanted goes afterwards.
  if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return system_error("prctl(PR_SET_KEEPCAPS)");
  if (::initgroups(user.name.c_str(), user.gid) != 0)
    return system_error("cannot take the groups of the service's user");
  if (::setresgid(user.gid, user.gid, user.gid) != 0)
    return system_error("cannot take the service's group");
  if (::setresuid(user.uid, user.uid, user.uid) != 0)
    return system_error("cannot become the service's user");
  return {};
}

Result<LeftPrivileges::User> change_user(const WantedPrivileges& wanted) {
  if (::geteuid() != 0) return LeftPrivileges::User::not_ours;
  const IdMap users = id_map("/proc/self/uid_map"), groups = id_map("/proc/self/gid_map");
  if (alone(users)) return LeftPrivileges::User::kept;
  auto user = find_user(wanted);
  if (!user) return user.error();
  // Root by the operator's own word: without capabilities.
  if (user->uid == 0) return LeftPrivileges::User::kept;
  if (!users.contains(user->uid) || !groups.contains(user->gid)) return LeftPrivileges::User::kept;
  if (auto done = become(*user); !done) return done.error();
  return LeftPrivileges::User::taken;
}

// What root or a set-uid program could get back by exec. Without CAP_SETPCAP this fails, and
// no_new_privs must do.
void empty_bounding_set(std::uint64_t except) {
  for (int capability = 0; capability < 64; ++capability) {
    if ((except & bit(capability)) == 0) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

Result<void> close_the_door() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return system_error("prctl(PR_SET_NO_NEW_PRIVS)");
  // What we inspect must never reach a disk.
  if (::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return system_error("prctl(PR_SET_DUMPABLE)");
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0) return system_error("cannot switch core dumps off");
  rlimit descriptors{};
  if (::getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
  }
  std::signal(SIGPIPE, SIG_IGN);
  return {};
}

}  // namespace

IdMap IdMap::parse(std::string_view text) {
  IdMap map;
  for (const std::string_view line : split(text, '\n')) {
    std::vector<std::uint64_t> numbers;
    for (const std::string_view word : split(line, ' ')) {
      if (word.empty()) continue;
      const auto number = parse_decimal(word);
      if (!number) break;
      numbers.push_back(*number);
    }
    // inside, outside, how many
    if (numbers.size() == 3) map.ranges_.push_back({numbers[0], numbers[2]});
  }
  return map;
}

bool IdMap::contains(std::uint64_t id) const {
  for (const Range& range : ranges_) {
    if (id >= range.first && id - range.first < range.count) return true;
  }
  return false;
}

std::uint64_t IdMap::count() const {
  std::uint64_t count = 0;
  for (const Range& range : ranges_) count += range.count;
  return count;
}

Result<LeftPrivileges> give_up_privileges(const WantedPrivileges& wanted) {
  const std::uint64_t keep = wanted.net_raw ? capabilities().permitted & bit(CAP_NET_RAW) : 0;
  empty_bounding_set(keep);
  const auto user = change_user(wanted);
  if (!user) return user.error();
  if (auto done = set_capabilities(keep); !done) return done.error();
  if (auto done = close_the_door(); !done) return done.error();
  if (!capabilities().are_exactly(keep) || any_ambient() ||
      (*user == LeftPrivileges::User::taken && ::setuid(0) == 0)) {
    return Error{Fault::us, "privileges were given up, and are still there"};
  }
  return LeftPrivileges{*user, keep != 0};
}

}  // namespace hyalite
