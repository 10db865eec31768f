// Where the admin process listens, from one to the next.
// SPDX-License-Identifier: MIT
#include "process/admin_listeners.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "net/listening_socket.h"

namespace hyalite {

namespace {

constexpr auto kAdmin = static_cast<std::size_t>(KeptSocket::admin);

class AdminListeners : public testing::Test {
 protected:
  AdminListeners() {
    settings.control.socket =
        testing::TempDir() + "hyalite-admin-" + std::to_string(::getpid()) + ".sock";
  }
  ~AdminListeners() override { ::unlink(settings.control.socket.c_str()); }

  // As the admin process after that of `before` opens them; the one before keeps its own.
  Result<KeptListeners> open_at(const std::string& address, const KeptListeners& before = {}) {
    settings.admin.address = Address::parse(address);
    KeptListeners kept;
    for (std::size_t i = 0; i < kept.size(); ++i)
      kept[i] = {Fd(before[i].fd ? ::dup(before[i].fd.get()) : -1), before[i].path};
    return open_admin_listeners(settings, std::move(kept));
  }

  static std::string port_of(const KeptListeners& listeners) {
    return std::to_string(listening_address(listeners[kAdmin].fd.get())->port);
  }

  static bool is_shared(const KeptListeners& listeners) {
    int on = -1;
    socklen_t size = sizeof on;
    ::getsockopt(listeners[kAdmin].fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, &size);
    return on != 0;
  }

  Settings settings;
};

}  // namespace

TEST_F(AdminListeners, AreTakenOverWhereTheSettingsSayTheSame) {
  const auto first = open_at("127.0.0.1:0");
  ASSERT_TRUE(first) << first.error().text;
  const auto second = open_at("127.0.0.1:" + port_of(*first), *first);
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_EQ(port_of(*second), port_of(*first));
}

TEST_F(AdminListeners, MoveToAnotherAddressOfTheirPortWhileTheOneBeforeListens) {
  const auto first = open_at("127.0.0.1:0");
  ASSERT_TRUE(first) << first.error().text;
  const auto everywhere = open_at("0.0.0.0:" + port_of(*first), *first);
  ASSERT_TRUE(everywhere) << everywhere.error().text;
  EXPECT_EQ(port_of(*everywhere), port_of(*first));
  const auto back = open_at("127.0.0.1:" + port_of(*first), *everywhere);
  ASSERT_TRUE(back) << back.error().text;
  for (const KeptListeners* one : {&*first, &*everywhere, &*back}) EXPECT_FALSE(is_shared(*one));
}

TEST_F(AdminListeners, DoNotShareTheirPortWithAnybodyElse) {
  const auto first = open_at("127.0.0.1:0");
  ASSERT_TRUE(first) << first.error().text;
  const auto theirs =
      open_listening_socket({.address = *Address::parse("127.0.0.2:" + port_of(*first))});
  ASSERT_TRUE(theirs) << theirs.error().text;
  const auto refused = open_at("0.0.0.0:" + port_of(*first), *first);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, EADDRINUSE);
  EXPECT_NE(refused.error().text.find("admin.address"), std::string::npos) << refused.error().text;
}

}  // namespace hyalite
