// SPDX-License-Identifier: MIT
#include "event/resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "support/pump.h"

namespace hyalite {
namespace {

// Is asked over UDP; says that every name has one IPv4 address, once it has one to say.
class NameServer {
 public:
  NameServer() {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
    socklen_t size = sizeof(any);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&any), &size);
    port_ = ntohs(any.sin_port);
  }
  std::string line() const { return "nameserver 127.0.0.1:" + std::to_string(port_) + "\n"; }
  void answer_with(std::string_view four) { address_ = four; }

  // How often it was asked so far. Answers what can be answered.
  std::size_t asked() {
    char bytes[512];
    sockaddr_in from{};
    socklen_t size = sizeof(from);
    for (ssize_t got; (got = ::recvfrom(fd_.get(), bytes, sizeof(bytes), 0, reinterpret_cast<sockaddr*>(&from), &size)) > 0;) {
      ++asked_;
      waiting_.emplace_back(std::string(bytes, static_cast<std::size_t>(got)), from);
    }
    if (!address_.empty()) {
      for (const auto& [question, asker] : std::exchange(waiting_, {})) answer(question, asker);
    }
    return asked_;
  }

 private:
  void answer(const std::string& question, const sockaddr_in& asker) const {
    const std::size_t end = question.find('\0', 12) + 5;
    const bool is_a = question[end - 3] == 1;
    std::string text = question.substr(0, 2) + std::string("\x81\x80\0\1\0", 5) + static_cast<char>(is_a) + std::string(4, '\0') +
                       question.substr(12, end - 12);
    if (is_a) text += std::string("\xc0\x0c\0\1\0\1\0\0\0\0\0\4", 12) + address_;
    EXPECT_GT(::sendto(fd_.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&asker), sizeof(asker)), 0);
  }

  Fd fd_{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  std::uint16_t port_ = 0;
  std::size_t asked_ = 0;
  std::string address_;
  std::vector<std::pair<std::string, sockaddr_in>> waiting_;
};

// A question, and what came of it.
struct Asking {
  Asking(Resolver& resolver, const std::string& name) : lookup(resolver.start(name, 80, callback<&Asking::on_found>(*this))) {}
  void on_found(Resolver::Found found) {
    told = found ? (*found)[0].text() : found.error().text;
  }
  std::optional<std::string> told;
  std::unique_ptr<Resolver::Lookup> lookup;
};

struct AResolver : testing::Test {
  ~AResolver() override { ::unlink(file.c_str()); }
  // As those do who write it: another file takes its place.
  void name(const NameServer& server) {
    std::ofstream(file + ".new") << server.line();
    ASSERT_EQ(std::rename((file + ".new").c_str(), file.c_str()), 0);
  }
  bool is_asked(NameServer& server, std::size_t times) {
    return pump(*loop, [&] { return server.asked() >= times; });
  }
  bool is_told(Asking& asking, NameServer& by) {
    return pump(*loop, [&] { return by.asked() > 0 && asking.told; });
  }

  std::unique_ptr<Loop> loop = *Loop::open();
  const std::string file = testing::TempDir() + "resolv.conf." + std::to_string(::getpid());
  Resolver resolver{*loop, file};
};

constexpr std::string_view kFirst("\xc0\0\2\1", 4), kSecond("\xc0\0\2\2", 4);
// The address of IPv4 and that of IPv6.
constexpr std::size_t kOnce = 2;

TEST_F(AResolver, TellsWhatTheServerSaysThatTheFileNames) {
  NameServer server;
  server.answer_with(kFirst);
  name(server);
  Asking asking(resolver, "a.example");
  EXPECT_TRUE(is_told(asking, server));
  EXPECT_EQ(asking.told, "192.0.2.1:80");
}

TEST_F(AResolver, AsksWhomAChangedFileNamesWhileOthersStillOweAnAnswer) {
  NameServer before, after;
  name(before);
  Asking first(resolver, "a.example");
  ASSERT_TRUE(is_asked(before, kOnce));
  name(after);
  Asking second(resolver, "b.example");
  ASSERT_TRUE(is_asked(after, kOnce));
  EXPECT_EQ(before.asked(), kOnce);
  after.answer_with(kSecond);
  EXPECT_TRUE(is_told(second, after));
  EXPECT_EQ(second.told, "192.0.2.2:80");
  EXPECT_FALSE(first.told);
  before.answer_with(kFirst);
  EXPECT_TRUE(is_told(first, before)) << "it was not forgotten";
  EXPECT_EQ(first.told, "192.0.2.1:80");
}

TEST_F(AResolver, KeepsOnlySomeWhoStillOweAnAnswer) {
  NameServer servers[4];
  name(servers[0]);
  Asking first(resolver, "a.example");
  ASSERT_TRUE(is_asked(servers[0], kOnce));
  name(servers[1]);
  Asking second(resolver, "b.example");
  ASSERT_TRUE(is_asked(servers[1], kOnce));
  name(servers[2]);
  Asking third(resolver, "c.example");
  ASSERT_TRUE(is_asked(servers[2], kOnce));

  name(servers[3]);
  Asking fourth(resolver, "d.example");
  ASSERT_TRUE(is_asked(servers[2], 2 * kOnce)) << "two are left from before";
  EXPECT_EQ(servers[3].asked(), 0u);
  servers[0].answer_with(kFirst);
  ASSERT_TRUE(is_told(first, servers[0]));
  Asking fifth(resolver, "e.example");
  EXPECT_TRUE(is_asked(servers[3], kOnce));
  for (NameServer& server : servers) server.answer_with(kSecond);
  EXPECT_TRUE(is_told(second, servers[1]) && is_told(third, servers[2]) && is_told(fourth, servers[2]) && is_told(fifth, servers[3]));
}

TEST_F(AResolver, MayBeAskedAgainByWhoeverIsToldAndThenByNewServers) {
  NameServer before, after;
  before.answer_with(kFirst);
  after.answer_with(kSecond);
  name(before);
  std::unique_ptr<Asking> again;
  auto ask_again = [&](const Resolver::Found&) {
    name(after);
    again = std::make_unique<Asking>(resolver, "b.example");
  };
  const auto lookup = resolver.start("a.example", 80, Callback<Resolver::Found>::of(ask_again));
  EXPECT_TRUE(pump(*loop, [&] { return before.asked() > 0 && again; }));
  EXPECT_TRUE(is_told(*again, after));
  EXPECT_EQ(again->told, "192.0.2.2:80");
}

}  // namespace
}  // namespace hyalite
