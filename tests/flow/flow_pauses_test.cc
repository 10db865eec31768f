// Plugins that let a whole flow wait: in every hook that may, over real sockets; resumed, too late, or its client gone meanwhile.
// SPDX-License-Identifier: MIT
#include <array>

#include "tests/flow/tls_fixture.h"
#include "tests/unit/plugin/scripted.h"

namespace hyalite {
namespace {

const hyalite_host_async* async;
const hyalite_host* host;

struct FlowPauses : TlsOnLoopback, ::testing::WithParamInterface<const char*> {
  static constexpr const char* kPlain = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
  static constexpr const char* kOther = "\x01 neither HTTP nor TLS\r\n\r\n";

  void run(FailurePolicy when_it_fails) {
    const std::string_view where = GetParam();
    Script script;
    script.create = [](const hyalite_host* given) -> hyalite_status {
      host = given;
      async = static_cast<const hyalite_host_async*>(given->get_interface(given, HYALITE_HOST_ASYNC_ID));
      return HYALITE_OK;
    };
    if (where == "flow_open") script.flow_open = [this](hyalite_flow* f, void*) { return pause(f); };
    if (where == "protocol") script.protocol = [this](hyalite_flow* f, std::uint32_t) { return pause(f); };
    if (where == "upstream_connect") script.upstream_connect = [this](hyalite_flow* f, const hyalite_address*) { return pause(f); };
    if (where == "client_hello") script.client_hello = [this](hyalite_flow* f, const hyalite_client_hello*) { return pause(f); };
    if (where == "data") {
      script.flow_open = [](hyalite_flow* f, void*) -> hyalite_verdict {
        const hyalite_body_options options{sizeof options, HYALITE_BODY_STREAM, 0, 0, 0, 0, 0};
        EXPECT_EQ(flow_table()->stream_interest(f, HYALITE_REQUEST, &options), HYALITE_OK);
        return HYALITE_CONTINUE;
      };
      script.data = [this](hyalite_flow* f, hyalite_direction, hyalite_window*, const hyalite_window_view* v) {
        return v->length > 0 ? pause(f) : hyalite_verdict{HYALITE_CONTINUE};
      };
    }
    script.resume_flow = [this](hyalite_flow*, const hyalite_resumption* r) -> hyalite_verdict {
      resumptions += "resumed:" + std::to_string(r->status) + " ";
      return HYALITE_CONTINUE;
    };
    script.flow_close = [this](hyalite_flow*, const hyalite_flow_summary*) { ++closed; };
    settings.tls.action = TlsAction::pass;
    plugins = &scripted.add(std::move(script), when_it_fails).start();
    start();
    if (where == "client_hello") {
      tls_peer = client(kName, client_context(roots.own().certificate));
      tls_peer->say(kGet);
    } else {
      plain = redirected();
      ::fcntl(plain.get(), F_SETFL, O_NONBLOCK);
      const std::string_view said = where == "data" ? kOther : kPlain;
      EXPECT_EQ(::send(plain.get(), said.data(), said.size(), MSG_NOSIGNAL), static_cast<ssize_t>(said.size()));
    }
    ASSERT_TRUE(until([&] { return ref != 0; })) << "nobody paused";
  }
  hyalite_verdict pause(hyalite_flow* flow) {
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    EXPECT_EQ(async->pause_flow(flow, &options, &ref), HYALITE_OK);
    return HYALITE_PAUSE;
  }
  // Runs everybody until it is true: the worker, the client, and an origin that answers whoever asks.
  template <class Predicate>
  bool until(Predicate is_true) {
    return pump(*loop, [&] {
      scripted.deliver();
      while (tls_peer && tls_peer->step()) {
      }
      if (tls_peer) {
        serve();
        got = tls_peer->got;
        ended = tls_peer->end != TlsPeer::End::open;
      } else {
        serve_plain();
        if (plain) ended |= read(plain.get(), got) == Read::ended;
      }
      return is_true();
    });
  }
  enum class Read { nothing, some, ended };
  static Read read(int fd, std::string& into) {
    std::array<char, 4096> room;
    const ssize_t n = ::recv(fd, room.data(), room.size(), MSG_DONTWAIT);
    if (n > 0) into.append(room.data(), static_cast<std::size_t>(n));
    return n > 0 ? Read::some : n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK) ? Read::ended : Read::nothing;
  }
  void serve_plain() {
    if (Fd fd(accept4(origin.get(), nullptr, nullptr, SOCK_CLOEXEC)); fd) served = std::move(fd);
    if (!served || read(served.get(), asked) != Read::some || asked.find("\r\n\r\n") == std::string::npos) return;
    const std::string_view said = kAnswer;
    EXPECT_EQ(::send(served.get(), said.data(), said.size(), MSG_NOSIGNAL), static_cast<ssize_t>(said.size()));
  }
  void TearDown() override {
    flows.reset();
    scripted.deliver();
    TlsOnLoopback::TearDown();
  }

  ScriptedChain scripted;
  std::unique_ptr<TlsPeer> tls_peer;
  Fd plain, served;
  hyalite_ref ref = 0;
  std::string resumptions, got, asked;
  bool ended = false;
  int closed = 0;
};

TEST_P(FlowPauses, ResumedItGoesOnAsIfItHadNotWaited) {
  run(FailurePolicy::closed);
  EXPECT_EQ(asked, "") << "nothing reaches the origin before the verdict";
  ASSERT_EQ(async->resume(host, ref), HYALITE_OK);
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  ASSERT_TRUE(until([&] { return got == kAnswer; })) << got;
  EXPECT_EQ(resumptions, "resumed:0 ");
  EXPECT_EQ(closed, 0);
  flows.reset();
  EXPECT_EQ(closed, 1);
}

TEST_P(FlowPauses, AtTheDeadlineItGoesOnWithoutThePluginWhereThatFailsOpen) {
  run(FailurePolicy::open);
  scripted.clock.advance(Seconds{1});
  ASSERT_TRUE(until([&] { return got == kAnswer; })) << got;
  EXPECT_EQ(resumptions, "resumed:-10 ");
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  EXPECT_EQ(scripted.count("hyalite_plugin_late_pauses_total", "p0"), 1u);
}

TEST_P(FlowPauses, AtTheDeadlineItEndsWhereThePluginFailsClosed) {
  run(FailurePolicy::closed);
  scripted.clock.advance(Seconds{1});
  ASSERT_TRUE(until([&] { return ended; }));
  EXPECT_EQ(got, "");
  EXPECT_EQ(asked, "");
  EXPECT_EQ(resumptions, "resumed:-10 ");
  EXPECT_EQ(closed, 1);
}

TEST_P(FlowPauses, AClientThatIsGoneMeanwhileEndsIt) {
  run(FailurePolicy::closed);
  const linger at_once{1, 0};
  const int fd = tls_peer ? tls_peer->fd() : plain.get();
  ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
  plain.reset();
  tls_peer.reset();
  ASSERT_TRUE(until([&] { return closed == 1; }));
  EXPECT_EQ(resumptions, "") << "flow_close came instead";
  EXPECT_EQ(async->resume(host, ref), HYALITE_E_STALE);
  scripted.clock.advance(Seconds{2});
  scripted.deliver();
  EXPECT_EQ(resumptions, "");
  EXPECT_EQ(closed, 1);
}

INSTANTIATE_TEST_SUITE_P(Hooks, FlowPauses, ::testing::Values("flow_open", "protocol", "client_hello", "upstream_connect", "data"),
                         [](const auto& hook) { return std::string(hook.param); });

}  // namespace
}  // namespace hyalite
