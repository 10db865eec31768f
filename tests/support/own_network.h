// A test in a network of its own: nothing of this machine's network is seen or touched.
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <functional>
#include <string>

namespace hyalite {

constexpr int kNamespacesForbidden = 77;

// In a child: a new user namespace (in which we are root) with a new network namespace, its
// loopback up.
inline int enter_own_network() {
  const std::string uid = std::to_string(getuid()), gid = std::to_string(getgid());
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return errno;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " + uid + " 1";
  std::ofstream("/proc/self/gid_map") << "0 " + gid + " 1";
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq loopback{};
  std::strcpy(loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP | IFF_RUNNING;
  const int code = ioctl(fd, SIOCSIFFLAGS, &loopback) == 0 ? 0 : errno;
  close(fd);
  return code;
}

// Runs `test` in a child in a network of its own; its failures are this test's. Skips, with the
// reason, where the kernel forbids user namespaces.
inline void in_own_network(const std::function<void()>& test) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (const int code = enter_own_network(); code != 0) {
      std::fprintf(stderr, "no network of its own: %s\n", std::strerror(code));
      _exit(kNamespacesForbidden);
    }
    test();
    std::fflush(nullptr);
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNamespacesForbidden) {
    GTEST_SKIP()
        << "this kernel lets us make no user and network namespace (user.max_user_namespaces, "
           "kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns)";
  }
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "in its own network; wait status " << status;
}

// A command of the test in its network, e.g. "ip addr add ...".
inline void shell(const std::string& command) {
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

// A link `wan` with the addresses 10.1.0.1 and fd01::1 and the way to everywhere: what is sent
// there vanishes.
inline void make_wan_to_nowhere() {
  shell(
      "ip link add wan type veth peer name nowhere && ip link set nowhere up && ip link set wan up "
      "arp off");
  shell("ip addr add 10.1.0.1/24 dev wan && ip addr add fd01::1/64 dev wan nodad");
  shell("ip route add default dev wan && ip -6 route add default dev wan");
}

}  // namespace hyalite
