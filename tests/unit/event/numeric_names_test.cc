// SPDX-License-Identifier: MIT
#include "event/numeric_names.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstdint>
#include <string>

namespace hyalite {
namespace {

constexpr int kNumbers = NI_NUMERICHOST | NI_NUMERICSERV;

sockaddr_in6 v6(const char* address, std::uint32_t scope, std::uint16_t port = 8088) {
  sockaddr_in6 one{};
  one.sin6_family = AF_INET6;
  one.sin6_port = htons(port);
  one.sin6_scope_id = scope;
  EXPECT_EQ(inet_pton(AF_INET6, address, &one.sin6_addr), 1);
  return one;
}

sockaddr_in v4(const char* address, std::uint16_t port) {
  sockaddr_in one{};
  one.sin_family = AF_INET;
  one.sin_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET, address, &one.sin_addr), 1);
  return one;
}

struct Answer {
  int code;
  std::string text;  // "host port"
};

template <class Sockaddr>
Answer ask(const Sockaddr& address, int flags = kNumbers, socklen_t size = sizeof(Sockaddr)) {
  char host[NI_MAXHOST] = "", port[NI_MAXSERV] = "";
  const int code = getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host,
                               port, sizeof port, flags);
  return {code, code == 0 ? std::string(host) + ' ' + port : ""};
}

TEST(NumericNames, AreTheNumbersOfAnAddress) {
  EXPECT_EQ(ask(v4("192.0.2.7", 80)).text, "192.0.2.7 80");
  EXPECT_EQ(ask(v6("2001:db8::1", 0, 0)).text, "2001:db8::1 0");
}

// The C library would ask the kernel for its name: "fe80::1%lo".
TEST(NumericNames, HaveTheInterfaceAsANumber) {
  const unsigned loopback = if_nametoindex("lo");
  ASSERT_NE(loopback, 0u);
  EXPECT_EQ(ask(v6("fe80::1", loopback)).text, "fe80::1%" + std::to_string(loopback) + " 8088");
  EXPECT_EQ(ask(v6("fe80::1", 4'294'967'295)).text, "fe80::1%4294967295 8088");
}

TEST(NumericNames, SayWhatTheyCannotWrite) {
  const auto address = v6("fe80::1", 7);
  const auto* one = reinterpret_cast<const sockaddr*>(&address);
  char host[10] = "", port[5] = "";  // "fe80::1%7" and "8088", each with its end
  EXPECT_EQ(getnameinfo(one, sizeof address, host, sizeof host, port, sizeof port, kNumbers), 0);
  EXPECT_EQ(getnameinfo(one, sizeof address, host, 9, port, 5, kNumbers), EAI_OVERFLOW);
  EXPECT_EQ(getnameinfo(one, sizeof address, host, 10, port, 4, kNumbers), EAI_OVERFLOW);
  EXPECT_EQ(getnameinfo(one, sizeof address, nullptr, 10, port, 0, kNumbers), EAI_NONAME);
  EXPECT_EQ(ask(address, kNumbers, sizeof address - 1).code, EAI_FAMILY);
  EXPECT_EQ(ask(v4("192.0.2.7", 80), kNumbers, 8).code, EAI_FAMILY);
}

TEST(NumericNames, WriteOneOfThemWhereTheOtherIsNotWanted) {
  const auto address = v6("fe80::1", 7);
  const auto* one = reinterpret_cast<const sockaddr*>(&address);
  char text[64] = "";
  EXPECT_EQ(getnameinfo(one, sizeof address, text, sizeof text, nullptr, 0, kNumbers), 0);
  EXPECT_STREQ(text, "fe80::1%7");
  EXPECT_EQ(getnameinfo(one, sizeof address, nullptr, 0, text, sizeof text, kNumbers), 0);
  EXPECT_STREQ(text, "8088");
}

TEST(NumericNames, LeaveAllElseToTheLibrary) {
  // "http", where /etc/services has it.
  EXPECT_TRUE(ask(v4("127.0.0.1", 80), NI_NUMERICHOST).text.starts_with("127.0.0.1 "));
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  EXPECT_EQ(ask(local, NI_NUMERICSERV).code, ask(local).code);
  EXPECT_NE(getnameinfo(nullptr, 0, nullptr, 0, nullptr, 0, kNumbers), 0);
}

// As libevent does.
TEST(NumericNames, AreFoundBySharedLibrariesBeforeTheCLibrarys) {
  use_numeric_names();
  Dl_info found{}, ours{};
  ASSERT_NE(dladdr(dlsym(RTLD_DEFAULT, "getnameinfo"), &found), 0);
  ASSERT_NE(dladdr(reinterpret_cast<void*>(&use_numeric_names), &ours), 0);
  EXPECT_EQ(found.dli_fbase, ours.dli_fbase);
}

}  // namespace
}  // namespace hyalite
