// SPDX-License-Identifier: MIT
#include "net/listening_socket.h"

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cstddef>
#include <iterator>

#include "net/socket_options.h"
#include "support/own_network.h"
#include "support/tcp.h"

namespace hyalite {
namespace {

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  EXPECT_EQ(getsockopt(fd, level, name, &value, &size), 0);
  return value;
}

void drop_capabilities() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct none[2] = {};
  ASSERT_EQ(syscall(SYS_capset, &header, none), 0);
}

TEST(ListeningSocket, OnAllAddressesServesBothFamilies) {
  const auto fd = open_listening_socket({.address = at("[::]:0")});
  ASSERT_TRUE(fd) << fd.error().text;
  const std::uint16_t port = listening_address(fd->get())->port;
  EXPECT_TRUE(connect_to({at("127.0.0.1:0").ip, port}));
  EXPECT_TRUE(connect_to({at("[::1]:0").ip, port}));
  const Fd accepted(accept(fd->get(), nullptr, nullptr));
  EXPECT_EQ(option(accepted.get(), SOL_TCP, TCP_NODELAY), 1);
}

TEST(ListeningSocket, SharesItsAddressWhenAsked) {
  const auto one = open_listening_socket({.address = at("127.0.0.1:0"), .reuse_port = true});
  ASSERT_TRUE(one);
  const Address address = *listening_address(one->get());
  EXPECT_TRUE(open_listening_socket({.address = address, .reuse_port = true}));
  const auto refused = open_listening_socket({.address = address});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EADDRINUSE);
  EXPECT_EQ(refused.error().fault, Fault::operator_);
  EXPECT_NE(refused.error().text.find("ss -lntp"), std::string::npos) << refused.error().text;
}

TEST(ListeningSocket, IsTransparentWhereItMayBe) {
  in_own_network([] {
    for (const char* address : {"[::]:8080", "0.0.0.0:8081"}) {
      const auto fd = open_listening_socket({.address = at(address), .transparent = true});
      ASSERT_TRUE(fd) << fd.error().text;
      EXPECT_TRUE(is_transparent(fd->get(), family_of(at(address))));
    }
  });
}

TEST(ListeningSocket, NamesTheCapabilityThatIsMissing) {
  in_own_network([] {
    drop_capabilities();
    const auto refused = open_listening_socket({.address = at("[::]:0"), .transparent = true});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EPERM);
    EXPECT_NE(refused.error().text.find("CAP_NET_RAW"), std::string::npos) << refused.error().text;
    const auto low = open_listening_socket({.address = at("[::]:80")});
    ASSERT_FALSE(low);
    EXPECT_NE(low.error().text.find("CAP_NET_BIND_SERVICE"), std::string::npos) << low.error().text;
  });
}

// From now on this process meets a kernel that was booted without IPv6.
void forget_ipv6() {
  sock_filter steps[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{.len = std::size(steps), .filter = steps};
  ASSERT_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
}

TEST(ListeningSocket, OnAllAddressesServesIPv4WhereTheKernelHasNoIPv6) {
  in_own_network([] {
    forget_ipv6();
    const auto fd = open_listening_socket({.address = at("[::]:0"), .transparent = true});
    ASSERT_TRUE(fd) << fd.error().text;
    EXPECT_TRUE(connect_to({at("127.0.0.1:0").ip, listening_address(fd->get())->port}));
    const auto refused = open_listening_socket({.address = at("[::1]:0")});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, EAFNOSUPPORT);
  });
}

TEST(ListeningSocket, OnAllAddressesServesIPv4WhereIPv6IsSwitchedOff) {
  in_own_network([] {
    shell("echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6");
    shell("echo 1 > /proc/sys/net/ipv6/conf/lo/disable_ipv6");
    const auto fd = open_listening_socket({.address = at("[::]:0"), .transparent = true});
    ASSERT_TRUE(fd) << fd.error().text;
    EXPECT_TRUE(connect_to({at("127.0.0.1:0").ip, listening_address(fd->get())->port}));
    EXPECT_FALSE(open_listening_socket({.address = at("[::1]:0")}));
  });
}

TEST(SocketOptions, KeepAliveHasTheTimesAskedFor) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_TRUE(set_keep_alive(fd.get(), {.idle = Seconds{30}, .interval = Seconds{5}, .probes = 4}));
  EXPECT_EQ(option(fd.get(), SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(option(fd.get(), SOL_TCP, TCP_KEEPIDLE), 30);
  EXPECT_EQ(option(fd.get(), SOL_TCP, TCP_KEEPINTVL), 5);
  EXPECT_EQ(option(fd.get(), SOL_TCP, TCP_KEEPCNT), 4);
}

TEST(SocketOptions, ResetOnCloseTellsThePeer) {
  const Fd listening = listen_at(at("127.0.0.1:0"));
  const Fd client = connect_to(own_address(listening.get()));
  Fd accepted(accept(listening.get(), nullptr, nullptr));
  ASSERT_TRUE(set_reset_on_close(accepted.get()));
  accepted.reset();
  char byte;
  EXPECT_EQ(recv(client.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, ECONNRESET);
}

TEST(SocketOptions, OfTheWrongFamilyAreErrors) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_FALSE(set_ipv6_only(fd.get(), false));
  EXPECT_FALSE(set_transparent(fd.get(), AF_INET6));
}

}  // namespace
}  // namespace hyalite
