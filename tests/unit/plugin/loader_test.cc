// From a settings file to a chain of real plugins.
// SPDX-License-Identifier: MIT
#include "plugin/loader.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "plugin/listed.h"
#include "settings/json.h"
#include "unit/plugin/loaded.h"

namespace hyalite {
namespace {

std::string value_of(const HookTalk& talk, std::string_view name) {
  const Field* field = talk.exchange.request->find(name);
  return field == nullptr ? "" : std::string(field->value);
}

TEST(LoadChain, MakesAChainOfRealPlugins) {
  Loaded loaded(
      "  - { name: cpp, use: hello_plugin, settings: { greeting: good day } }\n"
      "  - { name: twice, use: hello_plugin }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
  EXPECT_EQ(value_of(talk, "X-Hello"), "hello");
  EXPECT_EQ(&chain.at(0).library(), &chain.at(1).library());
}

TEST(LoadChain, TakesPluginsWrittenInC) {
  Loaded loaded("  - { name: c, use: hello_plugin_c }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  HookTalk talk(loaded.start());
  talk.request(kGet);
  EXPECT_EQ(value_of(talk, "X-Hello"), "hello from C");
}

TEST(LoadChain, TellsAllMistakesWithTheirLines) {
  Loaded loaded(
      "  - name: a\n"
      "    use: helo_plugin\n"
      "  - name: b\n"
      "    use: hello_plugin\n"
      "    settings:\n"
      "      greetin: x\n"
      "  - name: c\n"
      "    use: create_fails\n"
      "    settings:\n"
      "      how: mistakes\n"
      "      list: [ 1,\n"
      "              2 ]\n"
      "  - { name: d, use: old_abi }\n"
      "  - { name: e, use: hello_plugin_c, settings: { any: thing } }\n");
  EXPECT_FALSE(loaded.worked());
  const std::string& m = loaded.mistakes;
  EXPECT_TRUE(contains(m, "test.yaml:3:")) << m;
  EXPECT_TRUE(contains(m, "did you mean \"hello_plugin\"")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:8:")) << m;
  EXPECT_TRUE(contains(m, "greetin")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:12:12: ")) << m;
  EXPECT_TRUE(contains(m, "is not how it is done")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:13:")) << m;
  EXPECT_TRUE(contains(m, "test.yaml:14:15: ")) << m;
  EXPECT_TRUE(contains(m, "is built for version 0.0")) << m;
  EXPECT_TRUE(contains(m, "the plugin takes no settings")) << m;
}

TEST(LoadChain, SaysThatAPluginCouldNotBeCreated) {
  EXPECT_TRUE(contains(Loaded("  - { name: a, use: create_fails }\n").mistakes,
                       "the plugin could not be created"));
  Loaded throwing("  - { name: a, use: create_fails, settings: { how: throws } }\n");
  EXPECT_TRUE(contains(throwing.mistakes, "could not be created"));
  EXPECT_TRUE(throwing.logged("an exception left the plugin"));
}

TEST(LoadChain, RefusesAPluginThatStartsAThread) {
  Loaded loaded("  - { name: eager, use: starts_thread_in_create }\n");
  EXPECT_TRUE(contains(loaded.mistakes, "started a thread while it was created"))
      << loaded.mistakes;
  EXPECT_EQ(count_threads(), 1u);
}

// ---- quarantine

TEST(LoadChain, GoesOnWithoutAQuarantinedPluginThatFailsOpen) {
  Loaded loaded(
      "  - { name: bad, use: old_abi, on_failure: open }\n  - { name: good, use: hello_plugin }\n",
      {"bad"});
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  EXPECT_EQ(loaded.start().size(), 1u);
  EXPECT_TRUE(loaded.logged("plugin.quarantined instance=bad"));
}

TEST(LoadChain, LoadsAQuarantinedPluginThatIsAnotherBuild) {
  const std::string settings = "  - { name: hello, use: hello_plugin, settings: { greeting: hi } }\n";
  Loaded first(settings);
  ASSERT_TRUE(first.worked()) << first.mistakes;
  const std::string build = first.chain().at(0).build();
  Loaded same(settings, {"hello=" + build});
  EXPECT_TRUE(same.chain().empty()) << "the same file with the same settings";
  EXPECT_TRUE(same.released.empty());
  Loaded changed("  - { name: hello, use: hello_plugin, settings: { greeting: ho } }\n",
                 {"hello=" + build});
  EXPECT_EQ(changed.chain().size(), 1u) << "other settings";
  EXPECT_EQ(changed.released, std::vector<std::string>{"hello"});
  Loaded replaced(settings, {"hello=0123-4"});
  EXPECT_EQ(replaced.chain().size(), 1u) << "another file";
}

TEST(LoadChain, LetsNothingPassAQuarantinedPluginThatFailsClosed) {
  Loaded loaded("  - { name: bad, use: old_abi, on_failure: closed }\n", {"bad"});
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  Chain& chain = loaded.start();
  HookTalk talk(chain);
  EXPECT_EQ(chain.protocol_known(talk.flow), Answer::go_on);
  EXPECT_EQ(talk.request(kGet), Answer::decided);
  EXPECT_EQ(talk.exchange.decision().decided_by, "bad");
  EXPECT_EQ(talk.exchange.decision().cause, Decision::Cause::failure);
  HookTalk tunnel(chain);
  tunnel.flow.set_protocol(Protocol::tls);
  EXPECT_EQ(chain.protocol_known(tunnel.flow), Answer::decided);
}

TEST(LoadChain, CountsWhatAStandInRefusesWithoutALineForEach) {
  CallHistory history{};
  Loaded loaded("  - { name: bad, use: old_abi, on_failure: closed }\n", {"bad"});
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  ASSERT_TRUE(loaded.start_with(nullptr, &history));
  HookTalk talk(loaded.chain());
  EXPECT_EQ(talk.request(kGet), Answer::decided);
  EXPECT_EQ(talk.exchange.decision().reason, "the plugin is in quarantine");
  EXPECT_EQ(loaded.counter("hyalite_plugin_errors_total"), 1u);
  EXPECT_FALSE(loaded.logged("plugin.failed"));
  EXPECT_EQ(history.faults.load(), 0u) << "no code of the plugin ran";
}

TEST(LoadChain, ListsPluginsInQuarantineWhateverBecomesOfTraffic) {
  Loaded loaded(
      "  - { name: passed, use: old_abi, on_failure: open }\n  - { name: good, use: hello_plugin }\n"
      "  - { name: refused, use: ./old_abi.so, on_failure: closed }\n",
      {"passed", "refused"});
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  const auto document = JsonDocument::parse(listed_plugins(loaded.plugins(), loaded.chain()));
  ASSERT_TRUE(document);
  const JsonView all = document->root();
  ASSERT_EQ(all.size(), 3u);
  const struct {
    const char *name, *plugin, *on_failure;
    bool loaded;
  } kListed[] = {
      {"passed", "old_abi", "open", false}, {"good", "hello-plugin", "open", true}, {"refused", "old_abi", "closed", false}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all.element(i).member("name").string(), kListed[i].name);
    EXPECT_EQ(all.element(i).member("plugin").string(), kListed[i].plugin) << kListed[i].name;
    EXPECT_EQ(all.element(i).member("on_failure").string(), kListed[i].on_failure) << kListed[i].name;
    EXPECT_EQ(all.element(i).member("loaded").boolean(), kListed[i].loaded) << kListed[i].name;
    EXPECT_EQ(all.element(i).member("version").string().has_value(), kListed[i].loaded) << kListed[i].name;
  }
}

// ---- plugins that call the host wrongly

TEST(LoadChain, TellsEachMisuseOfAPluginInOneLine) {
  const struct {
    std::string how, hook, function, what;
  } kMisuses[] = {
      {"wrong_hook", "request_head", "drop_info", "not in this hook"},
      {"create_only", "request_head", "intern", "allowed in validate and create only"},
      {"no_data", "request_head", "set_method", "bytes of a size without data"},
      {"no_place", "request_head", "finding", "nowhere to put the result"},
      {"forbidden", "request_head", "header_set", "what is never allowed"},
      {"old_view", "request_head", "header_set_at", "a view that is no longer true"},
      {"not_lent", "request_head", "number", "an exchange that this hook does not lend"},
      {"stale", "flow_close", "number", "an exchange that this hook does not lend"},
      {"thread", "none", "number", "from another thread"},
  };
  for (const auto& misuse : kMisuses) {
    Loaded loaded("  - { name: bad, use: misuses, settings: { how: " + misuse.how + " } }\n");
    ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
    HookTalk(loaded.start()).request(kGet);
    std::string said;
    for (const std::string& line : loaded.lines.all()) {
      if (contains(line, "plugin.misused")) said += line + '\n';
    }
    const std::string begin = "plugin.misused instance=bad hook=" + misuse.hook +
                              " function=hyalite_host_http." + misuse.function + " what=";
    EXPECT_TRUE(contains(said, begin)) << misuse.how << ": " << said;
    EXPECT_TRUE(contains(said, misuse.what)) << misuse.how << ": " << said;
    EXPECT_EQ(said.find('\n'), said.size() - 1) << misuse.how << ": one line, not " << said;
  }
}

// ---- plugins that misbehave in each of their hooks

// Lives through a whole flow; gives the names of all that went on or was decided.
void live_through(Chain& chain) {
  chain.tick();
  chain.reopen();
  chain.drain();
  {
    HookTalk talk(chain);
    if (talk.flow.decision().made()) return;
    ClientHello hello;
    talk.flow.set_client_hello(hello);
    if (chain.client_hello(talk.flow) == Answer::decided ||
        chain.protocol_known(talk.flow) == Answer::decided)
      return;
    if (chain.upstream_connect(talk.flow, talk.flow.upstream()) == Answer::decided) return;
    const hyalite_tls_info info_of_tls{};
    talk.flow.set_tls(HYALITE_SIDE_UPSTREAM, &info_of_tls);
    if (chain.upstream_tls(talk.flow) == Answer::decided ||
        chain.tls_done(talk.flow, HYALITE_SIDE_UPSTREAM) == Answer::decided)
      return;
    talk.flow.set_tls(HYALITE_SIDE_UPSTREAM, nullptr);
    if (talk.request(kGet) == Answer::decided) return;
    if (chain.body(talk.exchange, Direction::request).feed("x", true).kind ==
        BodyStep::Kind::decided)
      return;
    Trailers trailers;
    index_trailers("", 1, trailers);
    talk.exchange.request_trailers = talk.exchange.response_trailers = &trailers;
    if (chain.request_trailers(talk.exchange) == Answer::decided) return;
    chain.request_end(talk.exchange);
    ResponseHead info;
    ResponseReader(HeadLimits{}).read("HTTP/1.1 103 Early\r\n\r\n", {}, info);
    talk.exchange.info = &info;
    if (chain.response_info(talk.exchange) == Answer::decided) return;
    if (talk.response(kOk) == Answer::decided) return;
    if (chain.body(talk.exchange, Direction::response).feed("x", true).kind ==
        BodyStep::Kind::decided)
      return;
    if (chain.response_trailers(talk.exchange) == Answer::decided) return;
    chain.response_end(talk.exchange);
    if (chain.tunnel_open(talk.exchange, TunnelKind::connect) == Answer::decided) return;
    if (chain.stream(talk.flow, Direction::request).feed("x", true).kind == BodyStep::Kind::decided)
      return;
    talk.flow.message_interests.make(1);
    talk.flow.message_interests.of(Direction::request, 0) = {HYALITE_WS_MESSAGES, HYALITE_WS_OVERFLOW_REJECT, 100};
    const FrameHead ping{Opcode::ping, true, 0, FrameMask{}};
    if (chain.messages(talk.flow, Direction::request).feed(written(ping)).kind == MessageStep::Kind::decided) return;
  }
}

const std::vector<Hook> kHooksInFlows = [] {
  std::vector<Hook> hooks;
  for (std::size_t i = 0; i < kFlowHookCount; ++i) hooks.push_back(static_cast<Hook>(i));
  return hooks;
}();

TEST(BadPlugins, AnExceptionInAnyHookIsContained) {
  for (const Hook hook : kHooksInFlows) {
    for (const std::string policy : {"open", "closed"}) {
      SCOPED_TRACE(std::string(name(hook)) + " " + policy);
      Loaded loaded("  - { name: bad, use: throws, on_failure: " + policy +
                    ", settings: { in: " + name(hook) + " } }\n");
      ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
      Chain& chain = loaded.start();
      live_through(chain);
      EXPECT_TRUE(loaded.logged("thrown on purpose"));
    }
  }
}

TEST(BadPlugins, AnUnknownVerdictInAnyHookIsContained) {
  for (const Hook hook : kHooksInFlows) {
    for (const std::string policy : {"open", "closed"}) {
      SCOPED_TRACE(std::string(name(hook)) + " " + policy);
      Loaded loaded("  - { name: bad, use: bad_verdict, on_failure: " + policy +
                    ", settings: { in: " + name(hook) + " } }\n");
      ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
      live_through(loaded.start());
      EXPECT_TRUE(loaded.logged(std::string("plugin.failed instance=bad hook=") + name(hook) +
                                " what=\"the unknown verdict 77\""));
    }
  }
}

TEST(BadPlugins, AnExceptionThroughPlainCIsContained) {
  Loaded loaded("  - { name: bad, use: throws_unwrapped }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  HookTalk talk(loaded.start());
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
  EXPECT_TRUE(loaded.logged("plugin.failed instance=bad hook=request_head what=\"an exception\""));
}

TEST(BadPlugins, AWorkerDoesNotStartWithAPluginThatThrowsInStart) {
  Loaded loaded("  - { name: bad, use: throws, settings: { in: start } }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  const auto started = loaded.start_with(&loaded.slot);
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().text,
            "the plugin \"bad\" could not start; its lines in the log may say why");
}

// The slot is what is left of a worker that crashed: in shared memory, it names the culprit.
TEST(BadPlugins, TheSlotOfACrashedWorkerNamesTheCulprit) {
  Loaded loaded(
      "  - { name: good, use: hello_plugin }\n  - { name: bad, use: crashes, settings: { in: "
      "response_head } }\n");
  ASSERT_TRUE(loaded.worked()) << loaded.mistakes;
  void* memory =
      ::mmap(nullptr, sizeof(CallSlot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* slot = ::new (memory) CallSlot;
  const pid_t child = ::fork();
  if (child == 0) {
    if (loaded.start_with(slot)) live_through(loaded.chain());
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
  EXPECT_EQ(slot->instance.load(), 2u);
  EXPECT_EQ(slot->hook.load(), static_cast<std::uint32_t>(Hook::response_head));
  EXPECT_EQ(slot->flow.load(), 7u);
  ::munmap(memory, sizeof(CallSlot));
}

}  // namespace
}  // namespace hyalite
