// Gives up what is no longer needed.
// SPDX-License-Identifier: MIT
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace hyalite {

// Ids of a user namespace: /proc/self/uid_map and gid_map.
class IdMap {
 public:
  static IdMap parse(std::string_view text);
  bool contains(std::uint64_t id) const;
  // How many ids there are; 0 when the text was none.
  std::uint64_t count() const;

 private:
  struct Range {
    std::uint64_t first, count;
  };
  std::vector<Range> ranges_;
};

struct WantedPrivileges {
  std::string user;      // a name; taken only when this process is root
  std::string group;     // empty: the user's own
  bool net_raw = false;  // keep CAP_NET_RAW, if there is one to keep
};

struct LeftPrivileges {
  enum class User {
    taken,     // root became the user
    not_ours,  // not started as root: the user stays who it is
    kept,      // root of a user namespace in which there is nobody else to become
  };
  User user = User::not_ours;
  bool net_raw = false;  // it is there, and in effect
};

// For ever, in this process and all that come from it: no other capability, no new privileges by
// exec, no core dumps, not traceable by its own user, as many descriptors as the hard limit allows;
// SIGPIPE ignored.
Result<LeftPrivileges> give_up_privileges(const WantedPrivileges& wanted);

}  // namespace hyalite
