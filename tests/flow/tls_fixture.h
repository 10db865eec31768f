// Flows that are TLS, over real sockets on loopback: client and origin are real, and in this process.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <functional>

#include "flow/flows.h"
#include "net/socket_options.h"
#include "plugin/loader.h"
#include "tests/support/authority.h"
#include "tests/support/pump.h"
#include "tests/support/tcp.h"
#include "tests/support/tls_peer.h"
#include "tls/ground.h"
#include "tls/refusals.h"

namespace hyalite {

struct TlsOnLoopback : ::testing::Test {
  static constexpr const char* kName = "www.example.com";
  static constexpr const char* kGet = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
  static constexpr const char* kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);  // the peers' own library writes to closed sockets
    settings.listeners.emplace_back();
    settings.upstream.source = UpstreamSource::proxy;
    settings.timeouts.sniff_silence = Milliseconds{10};
    settings.tls.action = TlsAction::intercept;
    settings.tls.upstream.trust = write_root(roots.own().certificate);
    origin_certificate = roots.issue({kName});
  }
  void TearDown() override {
    flows.reset();
    std::filesystem::remove(settings.tls.upstream.trust);
  }

  static std::string write_root(const Certificate& root) {
    static int count = 0;
    const std::string path = testing::TempDir() + "root" + std::to_string(::getpid()) + "-" + std::to_string(++count) + ".pem";
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, root.get());
    std::fclose(file);
    return path;
  }

  void start() {
    loop = std::move(*Loop::open());
    places = TallyPlaces::declare(layout);
    if (plugins == nullptr) chain = load_chain(settings, {}, layout, log).chain;
    Chain& asked = plugins != nullptr ? *plugins : *chain;
    Mistakes mistakes;
    ground = TlsGround::load(settings, "", mistakes);
    policy = std::make_unique<TlsPolicy>(settings.tls, "", mistakes);
    ASSERT_TRUE(mistakes.empty()) << text_of(mistakes);
    engine = TlsEngine::make(*ground, leaves.get(), 1, clock ? *clock : loop->clock());
    cells.assign(layout.cells(), 0);
    flows = std::make_unique<Flows>(FlowsNeeds{*loop, settings, asked, MetricRow(cells.data(), layout), *places, table,
                                               log, 0, 1, *engine, *policy, refusals});
  }

  // A connection that was redirected to us on its way to the origin.
  Fd redirected() {
    Fd fd = connect_to(own_address(door.get()));
    EXPECT_TRUE(set_no_delay(fd.get()));
    Fd ours(accept4(door.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    EXPECT_TRUE(ours);
    flows->accept(Accepted{std::move(ours), ClientAddress{own_address(fd.get())},
                           OriginalDestination{own_address(origin.get())}, ArrivalMode::transparent, 0});
    return fd;
  }

  std::unique_ptr<TlsPeer> client(const char* name = kName, Context context = {}, std::string alpn = "\x08http/1.1") {
    if (!context) context = client_context(leaves->trusted.own().certificate);
    auto peer = std::make_unique<TlsPeer>(std::move(context), redirected(), false);
    if (name != nullptr) {
      SSL_set_tlsext_host_name(peer->ssl(), name);
      SSL_set1_host(peer->ssl(), name);
    }
    if (!alpn.empty()) {
      SSL_set_alpn_protos(peer->ssl(), reinterpret_cast<const unsigned char*>(alpn.data()), static_cast<unsigned>(alpn.size()));
    }
    return peer;
  }

  // Runs everybody until it is true. The origin takes every connection and answers as `serve` does.
  template <class Predicate>
  bool until(TlsPeer& peer, Predicate is_true) {
    return pump(*loop, [&] {
      while (peer.step()) {
      }
      serve();
      return is_true();
    });
  }

  // An origin that shakes hands, and answers every GET.
  virtual void serve() {
    if (Fd fd(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC)); fd) {
      (void)set_no_delay(fd.get());
      servers.push_back(std::make_unique<TlsPeer>(origin_context(), std::move(fd), true));
    }
    for (auto& server : servers) {
      while (server->step()) {
      }
      if (!answers || server->got.find("\r\n\r\n") == std::string::npos) continue;
      requests.push_back(server->got);
      server->got.clear();
      server->say(answer);
    }
  }
  // As before the start.
  void again() {
    flows.reset();
    engine.reset();
    servers.clear();
    origin_context_ = {};
    layout = Layout{};
  }
  Context origin_context() {
    if (!origin_context_) origin_context_ = server_context(origin_certificate, origin_issuers);
    return origin_context_;
  }

  std::uint64_t count(std::string_view family, std::string_view label = "") {
    for (const MetricSeries& series : layout.series()) {
      if (layout.families()[series.family].name == family && (series.labels.empty() || series.labels[0].value == label)) {
        return cells[series.first.index];
      }
    }
    ADD_FAILURE() << "no such counter: " << family << " " << label;
    return 0;
  }

  WallTime now = SystemClock{}.wall_time();
  TestAuthority roots{"Test Root", now};
  Issued origin_certificate;
  std::vector<Certificate> origin_issuers;
  std::unique_ptr<TestLeaves> leaves = std::make_unique<TestLeaves>(now);

  // Another time for certificates than this machine's.
  struct OtherTime final : Clock {
    explicit OtherTime(WallTime wall) : wall_(wall) {}
    Monotonic now() const override { return SystemClock{}.now(); }
    WallTime wall_time() const override { return wall_; }
    WallTime wall_;
  };
  std::unique_ptr<OtherTime> clock;

  Settings settings;
  Log log{LogLevel::error, [](std::string_view) {}};
  Layout layout;
  std::optional<TallyPlaces> places;
  std::vector<std::uint64_t> cells;
  LoopTable table{{}};
  std::unique_ptr<Loop> loop;
  std::unique_ptr<Chain> chain;
  Chain* plugins = nullptr;  // instead of what the settings say; outlives the flows
  std::unique_ptr<TlsGround> ground;
  std::unique_ptr<TlsPolicy> policy;
  std::vector<std::byte> refusals_memory = std::vector<std::byte>(Refusals::bytes());
  Refusals refusals{refusals_memory};
  std::unique_ptr<TlsEngine> engine;
  std::unique_ptr<Flows> flows;
  Fd door = listen_at(at("127.0.0.1:0"), 512);
  Fd origin = [] {
    Fd fd = listen_at(at("127.0.0.1:0"), 512);
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    return fd;
  }();
  std::vector<std::unique_ptr<TlsPeer>> servers;
  std::vector<std::string> requests;
  bool answers = true;
  std::string answer = kAnswer;

 private:
  Context origin_context_;
};

}  // namespace hyalite
