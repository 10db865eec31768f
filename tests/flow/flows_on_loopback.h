// Flows over real sockets on loopback, in one process.
// SPDX-License-Identifier: MIT
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>

#include "flow/flows.h"
#include "net/socket_options.h"
#include "plugin/loader.h"
#include "tests/support/pump.h"
#include "tests/support/tcp.h"
#include "tls/ground.h"
#include "tls/refusals.h"

namespace hyalite {

// Reads what is there now.
inline std::string take(int fd) {
  std::string all;
  char buffer[65536];
  for (ssize_t n; (n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) all.append(buffer, static_cast<std::size_t>(n));
  return all;
}

inline void reset(Fd& fd) {
  const linger now{1, 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  fd.reset();
}

inline bool put(int fd, std::string_view bytes) {
  return send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// How a connection looks from here once everything was read: open, ended (FIN), or reset.
enum class EndSeen { open, ended, reset };
inline EndSeen look(int fd) {
  char buffer[65536];
  ssize_t n;
  do {
    n = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
  } while (n > 0);
  if (n == 0) return EndSeen::ended;
  return errno == EAGAIN ? EndSeen::open : EndSeen::reset;
}

struct FlowsOnLoopback : ::testing::Test {
  void SetUp() override {
    settings.listeners.emplace_back();
    settings.upstream.source = UpstreamSource::proxy;
    settings.timeouts.sniff_silence = Milliseconds{10};
  }

  void start() {
    loop = std::move(*Loop::open());
    places = TallyPlaces::declare(layout);
    if (plugins == nullptr) chain = load_chain(settings, {}, layout, log).chain;
    ASSERT_TRUE(plugins != nullptr || chain);
    cells.assign(layout.cells(), 0);
    Mistakes mistakes;
    ground = TlsGround::load(settings, "", mistakes);
    policy = std::make_unique<TlsPolicy>(settings.tls, "", mistakes);
    engine = TlsEngine::make(*ground, nullptr, 1, loop->clock());
    flows = std::make_unique<Flows>(FlowsNeeds{*loop, settings, plugins != nullptr ? *plugins : *chain, MetricRow(cells.data(), layout), *places, table,
                                               log, 0, 1, *engine, *policy, refusals});
  }

  // A client whose connection was redirected to us on its way to the origin.
  Fd client() { return client_from(std::nullopt); }
  // `address`: where it says that it comes from; none: where it does.
  Fd client_from(std::optional<Address> address) {
    Fd fd = connect_to(own_address(door.get()));
    EXPECT_TRUE(set_no_delay(fd.get()));
    Fd ours(accept4(door.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(ours);
    flows->accept(Accepted{std::move(ours), ClientAddress{address.value_or(own_address(fd.get()))},
                           OriginalDestination{own_address(origin.get())}, ArrivalMode::transparent, 0});
    return fd;
  }

  // A client that says nothing for so long that its server, which might speak first, is connected to.
  Fd silent_client() {
    Fd fd = client();
    const Monotonic silent_for_long = loop->now() + 3 * settings.timeouts.sniff_silence;
    EXPECT_TRUE(pump(*loop, [&] { return loop->now() > silent_for_long; }));
    return fd;
  }

  // Takes the one place in the origin's queue: whoever connects then has to come again.
  Fd occupy_origin() {
    EXPECT_EQ(listen(origin.get(), 0), 0);
    return connect_to(own_address(origin.get()));
  }

  // The origin's next connection.
  Fd server() {
    Fd fd;
    EXPECT_TRUE(pump(*loop, [&] {
      fd.reset(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC));
      return static_cast<bool>(fd);
    }));
    EXPECT_TRUE(set_no_delay(fd.get()));
    return fd;
  }

  ::testing::AssertionResult arrives(int fd, std::string_view expected) {
    std::string got;
    const bool whole = pump(*loop, [&] { return (got += take(fd)).size() >= expected.size(); });
    if (whole && got == expected) return ::testing::AssertionSuccess();
    return ::testing::AssertionFailure() << "got " << got.size() << " bytes: " << got.substr(0, 300);
  }

  // The request reaches the origin, which answers; what comes of that is the test's. The origin's connection.
  Fd answers(std::string_view request, std::string_view response) {
    Fd fd = server();
    EXPECT_TRUE(arrives(fd.get(), request));
    EXPECT_TRUE(put(fd.get(), response));
    return fd;
  }

  // It was told the end; what it says all the same does not turn that into a reset.
  void expect_it_is_waited_for(int client) {
    EXPECT_TRUE(becomes(client, EndSeen::ended));
    EXPECT_TRUE(put(client, "and more"));
    for (int i = 0; i < 20; ++i) loop->run_once();
    EXPECT_EQ(look(client), EndSeen::ended);
    EXPECT_EQ(flows->size(), 1u);
  }

  bool becomes(int fd, EndSeen seen) {
    EndSeen last = EndSeen::open;
    pump(*loop, [&] { return (last = look(fd)) != EndSeen::open; });
    return last == seen;
  }

  std::uint64_t count(std::string_view family, std::string_view label) {
    for (const MetricSeries& series : layout.series()) {
      if (layout.families()[series.family].name == family && (series.labels.empty() || series.labels[0].value == label)) {
        return cells[series.first.index];
      }
    }
    ADD_FAILURE() << "no such counter: " << family << " " << label;
    return 0;
  }

  Settings settings;
  Log log{LogLevel::error, [](std::string_view) {}};
  Layout layout;
  std::optional<TallyPlaces> places;
  std::vector<std::uint64_t> cells;
  LoopTable table{{}};
  std::unique_ptr<Loop> loop;
  std::unique_ptr<Chain> chain;
  Chain* plugins = nullptr;  // in place of the settings' own; outlives the flows
  std::unique_ptr<TlsGround> ground;
  std::unique_ptr<TlsPolicy> policy;
  std::vector<std::byte> refusals_memory = std::vector<std::byte>(Refusals::bytes());
  Refusals refusals{refusals_memory};
  std::unique_ptr<TlsEngine> engine;
  std::unique_ptr<Flows> flows;
  Fd door = listen_at(at("127.0.0.1:0"), 512);
  Fd origin = [] {
    Fd fd = listen_at(at("127.0.0.1:0"), 512);
    fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    return fd;
  }();
};

}  // namespace hyalite
