// Connections of plugins to services over TCP, and TLS with services, over real sockets: bytes both ways, hostile services, time.
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "net/socket_options.h"
#include "plugin/host.h"
#include "services/services.h"
#include "tests/support/authority.h"
#include "tests/support/pump.h"
#include "tests/support/tcp.h"
#include "tests/support/tls_peer.h"
#include "unit/services/counted.h"

namespace hyalite {
namespace {

struct Event {
  std::uint32_t kind;
  hyalite_status status;
  std::string bytes, why;
};

// What one plugin is told of its channels, all in one list.
struct Ear {
  std::vector<Event> events;
  std::string heard;
  bool connected() const { return count(HYALITE_CHANNEL_ROOM) > 0; }
  bool ended() const { return count(HYALITE_CHANNEL_END) > 0; }
  bool over() const { return count(HYALITE_CHANNEL_OVER) > 0; }
  std::size_t count(std::uint32_t kind) const {
    std::size_t n = 0;
    for (const Event& event : events) n += event.kind == kind ? 1 : 0;
    return n;
  }
  static void told(void*, hyalite_ref, void* user, const hyalite_channel_event* event) {
    const auto text = [](hyalite_bytes bytes) { return bytes.size == 0 ? std::string() : std::string(bytes.data, bytes.size); };
    Ear& ear = *static_cast<Ear*>(user);
    EXPECT_FALSE(ear.over()) << "OVER is the last";
    ear.events.push_back({event->kind, event->status, text(event->bytes), text(event->why)});
    ear.heard += ear.events.back().bytes;
  }
};

struct Talking : ::testing::Test, private LoopSignal {
  Talking() : loop(std::move(*Loop::open())), door(listen_at(at("127.0.0.1:0"))) {
    ::fcntl(door.get(), F_SETFL, O_NONBLOCK);
    ServiceSettings& feed = settings.services.emplace_back();
    feed.name = "feed";
    feed.protocol = ServiceProtocol::tcp;
    feed.address = own_address(door.get()).text();
  }
  ~Talking() override { stop(); }
  void signal() override {}

  void start() {
    Mistakes mistakes;
    tls = ServiceTls::load(settings, "", mistakes);
    ASSERT_TRUE(mistakes.empty()) << text_of(mistakes);
    counted.emplace(settings);
    limits.channel_bytes = std::size_t{64} << 10;
    host_services.emplace(layout, limits, nullptr, counted->log);
    instance.emplace(*host_services, "tested", false);
    services.emplace(ServicesNeeds{*loop, settings, &*tls, counted->places, counted->row, counted->log});
    host_services->async.open(loop->clock(), *this, &*services);
  }
  Channels& channels() { return host_services->async.channels; }
  void deliver() {
    host_services->async.advance();
    for (Owed& owed : host_services->async.errands.take()) owed.errand->run(nullptr);
  }
  void stop() {
    if (!services) return;
    host_services->async.stop();
    deliver();
    services.reset();
  }
  Ref connect() {
    if (!services) start();
    const Ref ref = channels().connect(*instance, "feed", &Ear::told, &ear);
    EXPECT_TRUE(ear.events.empty()) << "never inside connect()";
    return ref;
  }
  hyalite_status write(Ref ref, std::string_view text, bool last = false) { return channels().write(*instance, ref, text, last); }
  // Everybody does what he can until it is true.
  template <class Predicate>
  bool until(Predicate is_true) {
    return pump(*loop, [&] {
      deliver();
      if (!peer_fd) peer_fd = Fd(accept4(door.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      read_peer();
      return is_true();
    });
  }
  // The service's end, when it was accepted.
  virtual void read_peer() {
    char room[65536];
    ssize_t n = 0;
    while (reads && peer_fd && (n = ::read(peer_fd.get(), room, sizeof room)) > 0) got.append(room, static_cast<std::size_t>(n));
    if (reads && peer_fd && n == 0) peer_saw_end = true;
    if (reads && peer_fd && n < 0 && errno == ECONNRESET) peer_saw_reset = true;
  }
  Event last() const { return ear.events.empty() ? Event{} : ear.events.back(); }

  std::unique_ptr<Loop> loop;
  Fd door, peer_fd;
  Settings settings;
  ChainLimits limits;
  Layout layout;
  std::optional<Counted> counted;
  std::unique_ptr<ServiceTls> tls;
  std::optional<HostServices> host_services;
  std::optional<InstanceHost> instance;
  std::optional<Services> services;
  Ear ear;
  std::string got;
  bool reads = true, peer_saw_end = false, peer_saw_reset = false;
};

TEST_F(Talking, BytesPassBothWaysAndBothEndInTheirOrder) {
  const Ref ref = connect();
  EXPECT_EQ(write(ref, "written before it was connected"), HYALITE_OK);
  ASSERT_TRUE(until([&] { return got == "written before it was connected"; })) << got;
  EXPECT_TRUE(ear.connected());
  send_to(peer_fd.get(), "answer");
  ASSERT_TRUE(until([&] { return ear.heard == "answer"; }));
  ::shutdown(peer_fd.get(), SHUT_WR);
  ASSERT_TRUE(until([&] { return ear.ended(); }));
  EXPECT_FALSE(ear.over()) << "it may still be written to";
  EXPECT_EQ(write(ref, " and the rest", true), HYALITE_OK);
  EXPECT_EQ(write(ref, "more"), HYALITE_E_LATE);
  ASSERT_TRUE(until([&] { return ear.over() && peer_saw_end; }));
  EXPECT_EQ(got, "written before it was connected and the rest");
  EXPECT_EQ(last().status, HYALITE_OK);
  EXPECT_EQ(write(ref, "more"), HYALITE_E_STALE);
  EXPECT_EQ(counted->count("hyalite_service_connections_total", "in_order"), 1u);
  EXPECT_EQ(counted->count("hyalite_service_sent_bytes_total"), got.size());
  EXPECT_EQ(counted->count("hyalite_service_received_bytes_total"), 6u);
}

TEST_F(Talking, AServiceThatReadsNothingHoldsTheWriterBack) {
  reads = false;
  const Ref ref = connect();
  ASSERT_TRUE(until([&] { return ear.connected() && peer_fd; }));
  const std::string piece(16 << 10, 'x');
  std::size_t written = 0;
  const auto write_on = [&] {
    while (write(ref, piece) == HYALITE_OK) written += piece.size();
  };
  // Until the kernel takes no more either.
  write_on();
  for (std::size_t before = 0; before != written;) {
    before = written;
    for (int i = 0; i < 20; ++i) deliver(), loop->run_once(), write_on();
  }
  EXPECT_EQ(write(ref, piece), HYALITE_E_LIMIT);
  const std::size_t rooms = ear.count(HYALITE_CHANNEL_ROOM);
  reads = true;
  ASSERT_TRUE(until([&] { return got.size() == written && ear.count(HYALITE_CHANNEL_ROOM) > rooms; })) << got.size();
  EXPECT_EQ(write(ref, piece), HYALITE_OK);
}

TEST_F(Talking, APluginThatTakesNothingHoldsAFloodBack) {
  const Ref ref = connect();
  ASSERT_TRUE(until([&] { return ear.connected() && peer_fd; }));
  EXPECT_EQ(channels().receive(*instance, ref, false), HYALITE_OK);
  const std::string flood(8 << 20, 'f');
  std::size_t said = 0;
  const auto flood_on = [&] {
    const ssize_t n = ::send(peer_fd.get(), flood.data() + said, flood.size() - said, MSG_NOSIGNAL | MSG_DONTWAIT);
    said += n > 0 ? static_cast<std::size_t>(n) : 0;
  };
  ASSERT_TRUE(until([&] { return flood_on(), channels().room_for_arrivals(ref) == 0; }));
  for (int i = 0; i < 50; ++i) deliver(), loop->run_once(), flood_on();
  EXPECT_TRUE(ear.heard.empty());
  EXPECT_LE(counted->count("hyalite_service_received_bytes_total"), limits.channel_bytes) << "the rest waits with its sender";
  EXPECT_EQ(channels().receive(*instance, ref, true), HYALITE_OK);
  ASSERT_TRUE(until([&] { return flood_on(), ear.heard.size() == flood.size(); }));
  for (const Event& event : ear.events) EXPECT_LE(event.bytes.size(), limits.channel_bytes);
}

TEST_F(Talking, WhatWasSaidBeforeItBrokeIsToldEvenWhenHeldBack) {
  const Ref ref = connect();
  ASSERT_TRUE(until([&] { return ear.connected() && peer_fd; }));
  EXPECT_EQ(channels().receive(*instance, ref, false), HYALITE_OK);
  send_to(peer_fd.get(), "half a sen");
  ASSERT_TRUE(until([&] { return counted->count("hyalite_service_received_bytes_total") == 10; }));
  ASSERT_TRUE(set_reset_on_close(peer_fd.get()));
  peer_fd.reset();
  door.reset();
  ASSERT_TRUE(until([&] { return ear.over(); }));
  EXPECT_EQ(ear.heard, "half a sen");
  EXPECT_EQ(last().status, HYALITE_E_FAILED);
  EXPECT_FALSE(last().why.empty());
  EXPECT_EQ(counted->count("hyalite_service_connections_total", "failed"), 1u);
}

TEST_F(Talking, NobodyThereIsAFailureAndIsSaidOnce) {
  door.reset();
  connect();
  ASSERT_TRUE(until([&] { return ear.over(); }));
  EXPECT_EQ(ear.events.size(), 1u);
  EXPECT_EQ(last().status, HYALITE_E_FAILED);
  EXPECT_NE(counted->lines.find("service.failed service=feed"), std::string::npos) << counted->lines;
}

TEST_F(Talking, AConnectionThatStandsStillIsEnded) {
  settings.services[0].idle = Milliseconds{30};
  connect();
  ASSERT_TRUE(until([&] { return ear.over(); }));
  EXPECT_EQ(last().status, HYALITE_E_TIMED_OUT);
  EXPECT_EQ(counted->count("hyalite_service_connections_total", "idle"), 1u);
}

TEST_F(Talking, NoMoreThanItsConnectionsAreOpen) {
  settings.services[0].connections = 1;
  const Ref ref = connect();
  EXPECT_EQ(channels().connect(*instance, "feed", &Ear::told, &ear), 0u);
  EXPECT_EQ(counted->count("hyalite_service_connections_total", "none_free"), 1u);
  EXPECT_TRUE(channels().end(*instance, ref, HYALITE_E_CANCELLED));
  ASSERT_TRUE(until([&] { return ear.over(); }));
  ear = {};
  connect();
  ASSERT_TRUE(until([&] { return ear.connected(); }));
}

TEST_F(Talking, WhatIsCancelledIsToldOnceAndTheServiceSeesAReset) {
  const Ref ref = connect();
  ASSERT_TRUE(until([&] { return ear.connected() && peer_fd; }));
  EXPECT_TRUE(channels().end(*instance, ref, HYALITE_E_CANCELLED));
  EXPECT_FALSE(channels().end(*instance, ref, HYALITE_E_CANCELLED));
  EXPECT_FALSE(ear.over()) << "later";
  ASSERT_TRUE(until([&] { return ear.over() && peer_saw_reset; }));
  EXPECT_EQ(last().status, HYALITE_E_CANCELLED);
  EXPECT_EQ(counted->count("hyalite_service_connections_total", "given_up"), 1u);
}

TEST_F(Talking, TheEndOfTheWorkerIsToldWhileItConnectsAndWhileItTalks) {
  connect();
  ASSERT_TRUE(until([&] { return ear.connected(); }));
  Ear second;
  channels().connect(*instance, "feed", &Ear::told, &second);
  stop();
  ASSERT_TRUE(ear.over() && second.over());
  EXPECT_EQ(last().status, HYALITE_E_STOPPED);
  EXPECT_EQ(second.events.back().status, HYALITE_E_STOPPED);
}

// ---- TLS

struct TalkingTls : Talking {
  TalkingTls() {
    ::signal(SIGPIPE, SIG_IGN);  // the peer's own library writes to closed sockets
    ServiceTlsSettings& wanted = settings.services[0].tls;
    wanted.enabled = true;
    wanted.server_name = "feed.example";
    wanted.trust = ::testing::TempDir() + "services-root" + std::to_string(::getpid()) + ".pem";
    FILE* file = std::fopen(wanted.trust.c_str(), "w");
    PEM_write_X509(file, roots.own().certificate.get());
    std::fclose(file);
    certificate = roots.issue({"feed.example"});
  }
  ~TalkingTls() override { std::filesystem::remove(settings.services[0].tls.trust); }
  void read_peer() override {
    if (!peer_fd || !speaks_tls) return;
    if (!peer) peer.emplace(server_context(certificate), Fd(::dup(peer_fd.get())), true);
    while (peer->step()) {
    }
  }

  WallTime now = SystemClock{}.wall_time();
  TestAuthority roots{"Roots", now};
  Issued certificate;
  bool speaks_tls = true;
  std::optional<TlsPeer> peer;
};

TEST_F(TalkingTls, BytesPassWhenTheCertificateIsTheRightOne) {
  const Ref ref = connect();
  EXPECT_EQ(write(ref, "question"), HYALITE_OK);
  ASSERT_TRUE(until([&] { return peer && peer->got == "question"; })) << (ear.over() ? last().why : "");
  EXPECT_STREQ(SSL_get_servername(peer->ssl(), TLSEXT_NAMETYPE_host_name), "feed.example");
  const std::string large(300'000, 'a');
  peer->say(large);
  ASSERT_TRUE(until([&] { return ear.heard.size() == large.size(); }));
  peer->close_notify();
  ASSERT_TRUE(until([&] { return ear.ended(); }));
  EXPECT_EQ(write(ref, "", true), HYALITE_OK);
  ASSERT_TRUE(until([&] { return ear.over(); }));
  EXPECT_EQ(last().status, HYALITE_OK);
}

TEST_F(TalkingTls, WhoeverIsNotTheServiceHearsNothing) {
  struct Case {
    const char* what;
    Issued certificate;
    const char* why;
  };
  const TestAuthority others("Others", now);
  for (const Case& c : {Case{"a wrong name", roots.issue({"other.example"}), "the certificate is for other.example"},
                        Case{"expired", roots.issue({{"feed.example"}, now - std::chrono::hours(72), now - std::chrono::hours(1), false}),
                             "has expired"},
                        Case{"signed by strangers", others.issue({"feed.example"}), "is not trusted here"},
                        Case{"signed by itself", others.self_signed({"feed.example"}), "not trusted here"}}) {
    peer.reset();
    peer_fd.reset();
    ear = {};
    certificate = c.certificate;
    const Ref ref = connect();
    EXPECT_EQ(write(ref, "secret"), HYALITE_OK);
    ASSERT_TRUE(until([&] { return ear.over(); })) << c.what;
    EXPECT_EQ(last().status, HYALITE_E_FAILED) << c.what;
    EXPECT_NE(last().why.find(c.why), std::string::npos) << c.what << ": " << last().why;
    ASSERT_TRUE(until([&] { return peer && peer->end != TlsPeer::End::open; })) << c.what;
    EXPECT_EQ(peer->got, "") << c.what;
  }
  EXPECT_EQ(counted->count("hyalite_service_connects_total", "untrusted"), 4u);
  EXPECT_EQ(counted->count("hyalite_service_sent_bytes_total"), 0u);
}

TEST_F(TalkingTls, AServiceThatIsSilentOrSpeaksSomethingElseFailsInTime) {
  speaks_tls = false;
  settings.services[0].connect = Milliseconds{50};
  connect();
  ASSERT_TRUE(until([&] { return ear.over(); }));
  EXPECT_EQ(last().status, HYALITE_E_TIMED_OUT);
  EXPECT_EQ(counted->count("hyalite_service_connects_total", "late"), 1u);
  settings.services[0].connect = Seconds{5};
  peer_fd.reset();
  ear = {};
  connect();
  ASSERT_TRUE(until([&] { return static_cast<bool>(peer_fd); }));
  send_to(peer_fd.get(), "220 mail.example ESMTP\r\n");
  ASSERT_TRUE(until([&] { return ear.over(); }));
  EXPECT_EQ(last().status, HYALITE_E_FAILED);
  EXPECT_NE(last().why.find("does not speak TLS"), std::string::npos) << last().why;
}

TEST_F(TalkingTls, AnEndWithoutCloseNotifyIsNoEnd) {
  connect();
  ASSERT_TRUE(until([&] { return ear.connected() && peer && peer->shaken(); }));
  peer->say("half");
  ASSERT_TRUE(until([&] { return ear.heard == "half"; }));
  peer->fin();
  ASSERT_TRUE(until([&] { return ear.over(); }));
  EXPECT_FALSE(ear.ended());
  EXPECT_EQ(last().status, HYALITE_E_FAILED);
}

struct Asked final : FetchesHeard {
  std::optional<FetchResult> result;
  void on_fetched(Ref, FetchResult told) override { result = std::move(told); }
};

TEST_F(TalkingTls, QuestionsOverHttpAreAskedOverTlsToo) {
  settings.services[0].protocol = ServiceProtocol::http;
  start();
  Asked asked;
  FetchRequest request;
  request.service = "feed";
  request.method = "GET";
  request.target = "/q";
  services->start(1, request, asked);
  ASSERT_TRUE(until([&] { return peer && peer->got.find("\r\n\r\n") != std::string::npos; }));
  peer->say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes");
  ASSERT_TRUE(until([&] { return asked.result.has_value(); }));
  EXPECT_EQ(asked.result->body, "yes");
  // The kept connection closes, and somebody else is there for the next one.
  peer.reset();
  peer_fd.reset();
  certificate = roots.issue({"other.example"});
  asked.result.reset();
  services->start(2, request, asked);
  ASSERT_TRUE(until([&] { return asked.result.has_value(); }));
  EXPECT_EQ(asked.result->status, HYALITE_E_FAILED);
  EXPECT_NE(asked.result->why.find("the certificate is for other.example"), std::string::npos) << asked.result->why;
  EXPECT_EQ(peer->got, "");
}

TEST(ServiceRecord, SaysThatAServiceFailsOrServesAgainButNotEachTime) {
  Settings settings;
  settings.services.emplace_back().name = "feed";
  Counted counted(settings);
  ManualClock clock;
  ServiceRecord record("feed", counted.places[0], counted.row, counted.log, clock);
  const auto said = [&](std::string_view what) {
    std::size_t n = 0;
    for (std::size_t at = 0; (at = counted.lines.find(what, at)) != std::string::npos; ++at) ++n;
    return n;
  };
  record.reached(Reached::connected);
  EXPECT_EQ(counted.lines, "") << "that it serves is no news";
  for (int i = 0; i < 3; ++i) record.reached(Reached::failed, "refused");
  EXPECT_EQ(said("service.failed"), 1u);
  clock.advance(Seconds{1});
  record.reached(Reached::connected);
  EXPECT_EQ(said("service.reached"), 0u) << "too soon";
  clock.advance(Seconds{3600});
  record.reached(Reached::late, "slow");
  EXPECT_EQ(said("service.failed"), 2u) << "it had served meanwhile";
  clock.advance(Seconds{1});
  record.reached(Reached::connected);
  clock.advance(Seconds{10});
  record.reached(Reached::connected);
  EXPECT_EQ(said("service.reached"), 1u) << "what could not be said at once is said later";
}

TEST(ServiceTlsSettings, AFileThatHoldsNoCertificateIsAMistakeWithItsPlace) {
  Settings settings;
  settings.services.resize(2);
  settings.services[1].tls = {true, "feed.example", "/dev/null", TlsVersion::tls_1_2};
  Mistakes mistakes;
  EXPECT_EQ(ServiceTls::load(settings, "", mistakes), nullptr);
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].path, "services[1].tls.trust");
}

}  // namespace
}  // namespace hyalite
