// The admin pages, asked over real sockets.
// SPDX-License-Identifier: MIT
#include "admin/pages.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "admin/index_page.h"
#include "admin/json_writer.h"
#include "admin/settings_view.h"
#include "admin/status.h"
#include "settings/json.h"

namespace hyalite {

namespace {

struct FakeSource final : AdminSource {
  ServiceFacts facts() const override { return facts_; }
  Totals totals() const override {
    Totals totals;
    totals.add({"hyalite_flows_total", "Flows.", MetricKind::counter, 1, {}}, {}, 42);
    totals.add({"hyalite_plugin_faults_total", "Faults.", MetricKind::counter, 1, {}},
               {{"instance", "ads"}, {"cause", "crash"}}, 2);
    totals.add({"hyalite_plugin_faults_total", "Faults.", MetricKind::counter, 1, {}},
               {{"instance", "ads"}, {"cause", "hang"}}, 1);
    return totals;
  }
  const Settings& settings() const override { return settings_; }
  void flows(std::size_t most, std::function<void(std::string)> answer) override {
    answer("[" + std::to_string(most) + "]");
  }
  void command(AdminCommand command, std::function<void(const CommandOutcome&)> answer) override {
    commanded.push_back(command);
    answer(outcome);
  }
  CommandOutcome forget(std::string_view name) override {
    forgotten = name;
    return outcome;
  }
  const CaFiles* ca_files() const override { return files ? &*files : nullptr; }
  ServiceFacts facts_;
  Settings settings_;
  CommandOutcome outcome{true, "generation 2 serves\n", "[]"};
  std::vector<AdminCommand> commanded;
  std::string forgotten;
  std::optional<CaFiles> files;
};

ServiceFacts facts_of_a_service() {
  ServiceFacts facts;
  facts.version = "1.2.3";
  facts.master_pid = 7;
  facts.started = WallTime(Seconds{1'700'000'000});
  facts.now = facts.started + Seconds{90};
  facts.listening = {"[::]:8080"};
  facts.generations = {{3, 8, "serving", facts.started, {{0, 9, 2, facts.started, 0}}}};
  facts.quarantined = {"ads"};
  facts.faults = {{facts.now, 3, 1, 0, "exception", "ads", "tick", "an exception"}};
  facts.plugins = R"([{"name":"ads","plugin":"blocker","version":"1.0"}])";
  return facts;
}

// Pages behind a real endpoint, asked over a socket: what a client gets.
struct ThePages : testing::Test {
  ThePages() { source.facts_ = facts_of_a_service(); }

  std::string answer_to(std::string_view request, bool on_control_socket = false,
                        uid_t owner = ::getuid()) {
    pages = std::make_unique<Pages>(source, owner);
    const std::string path = testing::TempDir() + "hyalite-pages-" + std::to_string(::getpid());
    HttpEndpoint endpoint(*loop, [&](const EndpointRequest& asked, EndpointReply reply) {
      on_control_socket ? pages->control(asked, std::move(reply))
                        : pages->show(asked, std::move(reply));
    });
    std::string got;
    if (on_control_socket) {
      EXPECT_TRUE(endpoint.listen_unix(path));
      got = ask_path(path, request);
    } else {
      got = ask_address(*endpoint.listen(*Address::parse("127.0.0.1:0")), request);
    }
    return got;
  }
  std::string get(const std::string& path, const std::string& host = "localhost:9180") {
    return answer_to("GET " + path + " HTTP/1.1\r\nHost: " + host +
                     "\r\nConnection: close\r\n\r\n");
  }
  std::string post(const std::string& path, uid_t owner = ::getuid()) {
    return answer_to("POST " + path + " HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                     true, owner);
  }

  std::string ask_address(const Address& address, std::string_view request) {
    const Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_storage storage;
    const socklen_t size = address.to_sockaddr(storage, AF_INET);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size), 0);
    return talk(fd.get(), request);
  }
  std::string ask_path(const std::string& path, std::string_view request) {
    const Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    // Whoever connects is who asks, and the file's permissions let only its owner try.
    EXPECT_EQ(::chmod(path.c_str(), 0666), 0);
    EXPECT_EQ(::seteuid(asks_as), 0);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::seteuid(::getuid()), 0);
    return talk(fd.get(), request);
  }

  std::string talk(int fd, std::string_view request) {
    EXPECT_EQ(::send(fd, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
    std::string got;
    for (int pass = 0; pass < 10'000; ++pass) {
      loop->run_once();
      char piece[4'096];
      const ssize_t n = ::recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
      if (n == 0) break;
      if (n > 0) got.append(piece, static_cast<std::size_t>(n));
    }
    return got;
  }

  std::unique_ptr<Loop> loop = std::move(*Loop::open());
  FakeSource source;
  std::unique_ptr<Pages> pages;
  uid_t asks_as = ::getuid();
};

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_F(ThePages, ShowMetricsStatusHealthPluginsSettingsAndFlows) {
  EXPECT_TRUE(has(get("/metrics"), "\nhyalite_flows_total 42\n"));
  EXPECT_TRUE(has(get("/metrics"), "Content-Type: text/plain; version=0.0.4; charset=utf-8"));
  EXPECT_TRUE(has(get("/status"), "\"uptime_seconds\":90"));
  EXPECT_TRUE(has(get("/health"), "HTTP/1.1 200"));
  EXPECT_TRUE(has(get("/plugins"), "\"blocker\""));
  EXPECT_TRUE(has(get("/settings"), "\"tunnel_idle\""));
  EXPECT_TRUE(has(get("/flows"), "[100]"));
  EXPECT_TRUE(has(get("/flows?most=5"), "[5]"));
  EXPECT_TRUE(has(get("/flows?most=999999"), "[1000]")) << "bounded";
  EXPECT_TRUE(has(get("/flows?most=x"), "HTTP/1.1 400"));
  EXPECT_TRUE(has(get("/"), "<h1>Hyalite 1.2.3</h1>"));
  EXPECT_TRUE(has(get("/else"), "HTTP/1.1 404"));
}

TEST_F(ThePages, SayThatTheServiceIsIllWhenNobodyServes) {
  source.facts_.generations[0].state = "loading";
  EXPECT_TRUE(has(get("/health"), "HTTP/1.1 503"));
}

TEST_F(ThePages, RefuseBrowsersThatWereSentUnderAForeignName) {
  EXPECT_TRUE(has(get("/status", "evil.example"), "HTTP/1.1 421"));
  EXPECT_TRUE(has(get("/status", "localhost.evil.example:9180"), "HTTP/1.1 421"));
  EXPECT_TRUE(has(get("/status", "127.0.0.1.evil.example"), "HTTP/1.1 421"));
  for (const char* own :
       {"localhost", "LOCALHOST:1", "127.0.0.1:9180", "[::1]:9180", "192.0.2.7"}) {
    EXPECT_TRUE(has(get("/status", own), "HTTP/1.1 200")) << own;
  }
  source.settings_.admin.allow_remote = true;
  EXPECT_TRUE(has(get("/status", "gateway.example"), "HTTP/1.1 200"));
}

TEST_F(ThePages, TakeCommandsOnTheControlSocketOnly) {
  EXPECT_TRUE(has(answer_to("POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                            "0\r\nConnection: close\r\n\r\n"),
                  "HTTP/1.1 405"));
  EXPECT_TRUE(source.commanded.empty());
  EXPECT_TRUE(has(post("/reload"),
                  "{\"done\":true,\"text\":\"generation 2 serves\\u000a\",\"mistakes\":[]}"));
  EXPECT_TRUE(has(post("/reload?release=1"), "HTTP/1.1 200"));
  EXPECT_TRUE(has(post("/upgrade"), "HTTP/1.1 200"));
  EXPECT_TRUE(has(post("/reopen"), "HTTP/1.1 200"));
  EXPECT_EQ(source.commanded, (std::vector{AdminCommand::reload, AdminCommand::release,
                                           AdminCommand::upgrade, AdminCommand::reopen}));
  EXPECT_TRUE(has(post("/status"), "HTTP/1.1 404"));
}

TEST_F(ThePages, SayWhyACommandFailed) {
  source.outcome = {false, "h.yaml:3:1: unknown setting\n", R"([{"line":3}])"};
  const std::string answer = post("/reload");
  EXPECT_TRUE(has(answer, "HTTP/1.1 409"));
  EXPECT_TRUE(has(answer, R"("mistakes":[{"line":3}])"));
}

// Root is always obeyed: as root, somebody else asks.
TEST_F(ThePages, TakeNoCommandsFromOtherUsers) {
  if (::getuid() == 0) asks_as = 65'534;
  EXPECT_TRUE(has(post("/reload", ::getuid() + 1), "HTTP/1.1 403"));
  EXPECT_TRUE(source.commanded.empty());
}

TEST(IndexPage, EscapesWhatOthersNamed) {
  ServiceFacts facts = facts_of_a_service();
  facts.last_failure = "<script>alert('x')</script>";
  facts.quarantined = {"a\"b"};
  const std::string page = index_page(facts, Totals());
  EXPECT_FALSE(has(page, "<script"));
  EXPECT_TRUE(has(page, "&lt;script&gt;alert(&#39;x&#39;)"));
  EXPECT_TRUE(has(page, "a&quot;b"));
}

TEST(Status, TellsWhatThePluginsCost) {
  FakeSource source;
  const auto document = JsonDocument::parse(status_json(facts_of_a_service(), source.totals()));
  ASSERT_TRUE(document);
  const JsonView root = document->root();
  const JsonView ads = root.at("/plugins/0");
  EXPECT_EQ(ads.member("plugin").string(), "blocker");
  EXPECT_EQ(ads.member("faults").integer(), 3);
  EXPECT_EQ(ads.member("quarantined").boolean(), true);
  EXPECT_EQ(root.at("/generations/0/workers/0/replaced").integer(), 2);
  EXPECT_EQ(root.member("started").string(), "2023-11-14T22:13:20Z");
  EXPECT_EQ(root.at("/counts/flows").integer(), 42);
  EXPECT_EQ(root.at("/faults/0/plugin").string(), "ads");
  EXPECT_EQ(root.at("/faults/0/hook").string(), "tick");
  EXPECT_EQ(root.at("/faults/0/cause").string(), "exception");
  EXPECT_TRUE(root.member("last_failure").is(JsonView::Type::null));
}

TEST(Status, IsJsonWhateverAGenerationSaysItLoaded) {
  ServiceFacts facts = facts_of_a_service();
  for (const char* plugins : {"", "not json", "{}", "[1,\"x\"]"}) {
    facts.plugins = plugins;
    EXPECT_TRUE(JsonDocument::parse(status_json(facts, Totals()))) << plugins;
  }
}

TEST(Status, TellsWhoRefusedOurCertificatesAndWhen) {
  ServiceFacts facts = facts_of_a_service();
  facts.ca = CaFacts{"CN=Test CA", "ab", facts.now, true, ""};
  facts.refused = {{"a.example", 3, facts.now, facts.now, {{"192.0.2.1", 3, "closed"}}, "a cause"},
                   {"b.example", 1, facts.now, std::nullopt, {}, "another"}};
  const auto document = JsonDocument::parse(status_json(facts, Totals()));
  ASSERT_TRUE(document);
  const JsonView root = document->root();
  EXPECT_EQ(root.member("ca").member("ends_soon").boolean(), true);
  ASSERT_EQ(root.member("refused").size(), 2u);
  const JsonView first = root.member("refused").element(0);
  EXPECT_EQ(first.member("name").string(), "a.example");
  EXPECT_EQ(first.member("passes_until").string(), "2023-11-14T22:14:50Z");
  EXPECT_EQ(first.member("clients").element(0).member("sign").string(), "closed");
  EXPECT_FALSE(root.member("refused").element(1).member("passes_until").string());
}

TEST(CaPage, ClientsGetTheCertificateAndNothingElse) {
  const CaFiles files{"CN=<CA>", "AB:CD", "2033-01-01", "pem", "der", "profile"};
  const auto ask = [&](std::string_view method, std::string_view path) {
    EndpointRequest request;
    request.method = method;
    request.path = path;
    return answer_client(&files, request);
  };
  EXPECT_EQ(ask("GET", "/ca.pem").body, "pem");
  EXPECT_EQ(ask("GET", "/ca.cer").body, "der");
  EXPECT_EQ(ask("GET", "/ca.mobileconfig").body, "profile");
  EXPECT_NE(ask("GET", "/").body.find("CN=&lt;CA&gt;"), std::string::npos);
  EXPECT_EQ(ask("POST", "/").status, 405);
  EXPECT_EQ(ask("GET", "/status").status, 404);
  EXPECT_EQ(answer_client(nullptr, EndpointRequest{"GET", "/", {}, {}, {}, {}}).status, 503);
}

TEST(SettingsView, LeavesSecretsOut) {
  Settings settings;
  PluginSettings plugin;
  plugin.name = "send";
  plugin.use = "sender";
  plugin.settings.json =
      R"({"url":"https://x","api_key":"K1","nested":[{"Password":"K2","user":"u"}]})";
  settings.plugins.push_back(plugin);
  const std::string for_all = settings_json(settings, Onlooker::anybody);
  EXPECT_FALSE(has(for_all, "https://x") || has(for_all, "K1"));
  const std::string for_root = settings_json(settings, Onlooker::commander);
  EXPECT_TRUE(has(for_root, "https://x") && has(for_root, "\"user\":\"u\""));
  EXPECT_FALSE(has(for_root, "K1") || has(for_root, "K2"));
  EXPECT_TRUE(JsonDocument::parse(for_root));
}

TEST(SettingsView, ShowsEverySettingAsItStandsInTheFile) {
  Settings settings;
  settings.listeners.emplace_back().address = *Address::parse("[::]:8080");
  const auto document = JsonDocument::parse(settings_json(settings, Onlooker::anybody));
  ASSERT_TRUE(document);
  EXPECT_EQ(document->root().at("/listeners/0/address").string(), "[::]:8080");
  EXPECT_EQ(document->root().at("/timeouts/drain").string(), "10m");
  EXPECT_EQ(document->root().at("/limits/head_bytes").string(), "64KiB");
}

TEST(JsonWriter, PutsCommasWhereTheyBelong) {
  JsonWriter json;
  json.open_object()
      .member("a", 1)
      .name("b")
      .open_array()
      .value(true)
      .open_object()
      .close_object()
      .null()
      .close_array();
  json.member("c", "x\"y").close_object();
  EXPECT_EQ(json.text(), R"({"a":1,"b":[true,{},null],"c":"x\"y"})");
}

}  // namespace hyalite
