// The order of plugins, their answers, and what becomes of their mistakes.
// SPDX-License-Identifier: MIT
#include "plugin/chain.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "unit/plugin/scripted.h"

namespace hyalite {
namespace {

const hyalite_host_http* const http = http_table();
const hyalite_host_flow* const flows = flow_table();

Script says(std::string& diary, const std::string& who) {
  Script script;
  script.flow_open = [&diary, who](hyalite_flow*, void*) {
    return diary += who + ":open ", HYALITE_CONTINUE;
  };
  script.request_head = [&diary, who](hyalite_exchange*, const hyalite_headers*, void*) {
    return diary += who + ":request ", HYALITE_CONTINUE;
  };
  script.response_head = [&diary, who](hyalite_exchange*, const hyalite_headers*) {
    return diary += who + ":response ", HYALITE_CONTINUE;
  };
  script.exchange_end = [&diary, who](hyalite_exchange*, const hyalite_exchange_summary*) {
    diary += who + ":end ";
  };
  script.flow_close = [&diary, who](hyalite_flow*, const hyalite_flow_summary*) {
    diary += who + ":close ";
  };
  return script;
}

hyalite_verdict block(hyalite_exchange* exchange, const char* body = "no\n") {
  hyalite_response response{};
  response.size = sizeof response;
  response.status = 403;
  response.body = abi(std::string_view(body));
  response.reason = abi(std::string_view("rule 1"));
  EXPECT_EQ(http->respond(exchange, &response), HYALITE_OK);
  return HYALITE_FINAL;
}

TEST(Chain, AsksInOrderAndAnswersInReverse) {
  std::string diary;
  ScriptedChain scripted;
  Chain& chain = scripted.add(says(diary, "a")).add(says(diary, "b")).start();
  {
    HookTalk talk(chain);
    EXPECT_EQ(talk.request(kGet), Answer::go_on);
    EXPECT_EQ(talk.response(kOk), Answer::go_on);
  }
  EXPECT_EQ(diary,
            "a:open b:open a:request b:request b:response a:response b:end a:end b:close a:close ");
  EXPECT_EQ(scripted.count("hyalite_plugin_calls_total", "p0"), 5u);
  EXPECT_EQ(scripted.count("hyalite_plugin_errors_total", "p0"), 0u);
}

TEST(Chain, KnowsWhatNobodyWants) {
  ScriptedChain scripted;
  Script script;
  script.request_head = [](hyalite_exchange*, const hyalite_headers*, void*) {
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  EXPECT_TRUE(chain.wants(Hook::request_head));
  EXPECT_FALSE(chain.wants(Hook::response_head));
  EXPECT_FALSE(chain.wants(Hook::data));
}

TEST(Chain, WithoutPluginsLetsEverythingPass) {
  ScriptedChain scripted;
  Chain& chain = scripted.start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
  EXPECT_EQ(talk.response(kOk), Answer::go_on);
  EXPECT_EQ(chain.body(talk.exchange, Direction::request).need(), BodyNeed::none);
  EXPECT_TRUE(chain.empty());
}

TEST(Chain, StopsAtADecisionAndSaysWhoMadeIt) {
  std::string diary;
  ScriptedChain scripted;
  Script blocker;
  blocker.request_head = [](hyalite_exchange* exchange, const hyalite_headers*, void*) {
    return block(exchange);
  };
  Chain& chain = scripted.add(says(diary, "a")).add(blocker).add(says(diary, "c")).start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::decided);
  EXPECT_EQ(diary, "a:open c:open a:request ");
  const Decision& decision = talk.exchange.decision();
  ASSERT_TRUE(std::holds_alternative<Respond>(decision.what));
  EXPECT_EQ(std::get<Respond>(decision.what).status, 403u);
  EXPECT_EQ(std::get<Respond>(decision.what).body, "no\n");
  EXPECT_EQ(decision.decided_by, "p1");
  EXPECT_EQ(decision.reason, "rule 1");
  EXPECT_EQ(decision.cause, Decision::Cause::plugin);
  EXPECT_EQ(scripted.count("hyalite_plugin_decisions_total", "p1"), 1u);
}

TEST(Chain, TellsWhoDecidedAtTheEnd) {
  std::string by, reason;
  ScriptedChain scripted;
  Script logger, blocker;
  logger.exchange_end = [&](hyalite_exchange*, const hyalite_exchange_summary* summary) {
    by = view(summary->decided_by);
    reason = view(summary->decision_reason);
    EXPECT_EQ(summary->end, static_cast<std::uint32_t>(HYALITE_END_COMPLETE));
    EXPECT_EQ(summary->response_head, -1);
  };
  blocker.request_head = [](hyalite_exchange* exchange, const hyalite_headers*, void*) {
    return block(exchange);
  };
  Chain& chain = scripted.add(logger).add(blocker).start();
  { HookTalk(chain).request(kGet); }
  EXPECT_EQ(by, "p1");
  EXPECT_EQ(reason, "rule 1");
}

TEST(Chain, LeavesOutWhoeverSaysIgnore) {
  int asked = 0, ended = 0;
  ScriptedChain scripted;
  Script script;
  script.request_head = [&](hyalite_exchange*, const hyalite_headers*, void*) {
    return ++asked, HYALITE_IGNORE;
  };
  script.response_head = [&](hyalite_exchange*, const hyalite_headers*) {
    return ++asked, HYALITE_CONTINUE;
  };
  script.flow_close = [&](hyalite_flow*, const hyalite_flow_summary*) { ++ended; };
  Chain& chain = scripted.add(script).start();
  {
    HookTalk talk(chain);
    talk.request(kGet);
    talk.response(kOk);
    EXPECT_EQ(asked, 1);
    // The scope was the exchange: the next one is asked again.
    Arena arena;
    ExchangeSubject next(talk.flow, 2, arena);
    chain.exchange_open(next);
    next.request = talk.exchange.request;
    chain.request_head(next);
    EXPECT_EQ(asked, 2);
    chain.exchange_end(next, {});
  }
  EXPECT_EQ(ended, 1);
}

TEST(Chain, LeavesOutOfTheWholeFlowWhoeverIgnoresTheFlow) {
  int asked = 0;
  ScriptedChain scripted;
  Script script;
  script.flow_open = [&](hyalite_flow*, void*) { return HYALITE_IGNORE; };
  script.request_head = [&](hyalite_exchange*, const hyalite_headers*, void*) {
    return ++asked, HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk(chain).request(kGet);
  EXPECT_EQ(asked, 0);
}

// ---- mistakes

struct Mistaken {
  const char* name;
  std::function<hyalite_verdict(hyalite_exchange*)> answer;
  std::uint64_t misuses;
};

std::vector<Mistaken> all_mistakes() {
  return {
      {"error", [](hyalite_exchange*) { return HYALITE_ERROR; }, 0},
      {"exception", [](hyalite_exchange*) -> hyalite_verdict { throw std::runtime_error("x"); }, 0},
      {"a thrown number", [](hyalite_exchange*) -> hyalite_verdict { throw 1; }, 0},
      {"unknown verdict", [](hyalite_exchange*) { return hyalite_verdict{77}; }, 1},
      {"pause", [](hyalite_exchange*) { return HYALITE_PAUSE; }, 1},
      {"final without decision", [](hyalite_exchange*) { return HYALITE_FINAL; }, 1},
      {"decision without final", [](hyalite_exchange* x) { return block(x), HYALITE_CONTINUE; }, 1},
      {"decision with ignore", [](hyalite_exchange* x) { return block(x), HYALITE_IGNORE; }, 1},
  };
}

TEST(Chain, GoesOnWithoutAPluginThatFailsOpen) {
  for (const Mistaken& mistaken : all_mistakes()) {
    SCOPED_TRACE(mistaken.name);
    std::string diary;
    ScriptedChain scripted;
    Script script;
    script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) {
      return mistaken.answer(x);
    };
    script.response_head = [&](hyalite_exchange*, const hyalite_headers*) {
      return diary += "again ", HYALITE_CONTINUE;
    };
    Chain& chain = scripted.add(script, FailurePolicy::open).add(says(diary, "b")).start();
    HookTalk talk(chain);
    EXPECT_EQ(talk.request(kGet), Answer::go_on);
    EXPECT_EQ(talk.response(kOk), Answer::go_on);
    EXPECT_EQ(diary, "b:open b:request b:response ");
    EXPECT_FALSE(talk.exchange.decision().made());
    EXPECT_EQ(scripted.count("hyalite_plugin_errors_total", "p0"), 1u);
    EXPECT_EQ(scripted.count("hyalite_plugin_misuses_total", "p0"), mistaken.misuses);
    EXPECT_EQ(scripted.count("hyalite_plugin_left_out_total", "p0"), 1u);
    EXPECT_TRUE(scripted.logged("warning plugin.failed instance=p0 hook=request_head"));
  }
}

TEST(Chain, AnswersInPlaceOfAPluginThatFailsClosed) {
  for (const Mistaken& mistaken : all_mistakes()) {
    SCOPED_TRACE(mistaken.name);
    ScriptedChain scripted;
    Script script;
    script.request_head = [&](hyalite_exchange* x, const hyalite_headers*, void*) {
      return mistaken.answer(x);
    };
    Chain& chain = scripted.add(script, FailurePolicy::closed).start();
    HookTalk talk(chain);
    EXPECT_EQ(talk.request(kGet), Answer::decided);
    ASSERT_TRUE(std::holds_alternative<Respond>(talk.exchange.decision().what));
    EXPECT_EQ(std::get<Respond>(talk.exchange.decision().what).status, 503u);
    EXPECT_EQ(talk.exchange.decision().cause, Decision::Cause::failure);
    EXPECT_EQ(talk.exchange.decision().decided_by, "p0");
    EXPECT_EQ(scripted.count("hyalite_plugin_left_out_total", "p0"), 0u);
  }
}

TEST(Chain, ResetsWhenTheClientHasPartOfTheResponse) {
  ScriptedChain scripted;
  Script script;
  script.response_head = [](hyalite_exchange*, const hyalite_headers*) { return HYALITE_ERROR; };
  Chain& chain = scripted.add(script, FailurePolicy::closed).start();
  HookTalk talk(chain);
  talk.request(kGet);
  talk.exchange.response_started = true;
  EXPECT_EQ(talk.response(kOk), Answer::decided);
  EXPECT_TRUE(std::holds_alternative<Reset>(talk.exchange.decision().what));
}

TEST(Chain, ResetsAFlowWhosePluginFailsClosed) {
  ScriptedChain scripted;
  Script script;
  script.protocol = [](hyalite_flow*, std::uint32_t) { return HYALITE_ERROR; };
  Chain& chain = scripted.add(script, FailurePolicy::closed).start();
  HookTalk talk(chain);
  EXPECT_EQ(chain.protocol_known(talk.flow), Answer::decided);
  EXPECT_TRUE(std::holds_alternative<Reset>(talk.flow.decision().what));
}

TEST(Chain, OnlyCountsFailuresWhenNothingCanBeDecidedAnyMore) {
  ScriptedChain scripted;
  Script script;
  script.exchange_end = [](hyalite_exchange*, const hyalite_exchange_summary*) { throw 1; };
  script.flow_close = [](hyalite_flow*, const hyalite_flow_summary*) { throw 1; };
  Chain& chain = scripted.add(script, FailurePolicy::closed).start();
  { HookTalk(chain).request(kGet); }
  EXPECT_EQ(scripted.count("hyalite_plugin_errors_total", "p0"), 2u);
}

// ---- decisions about flows

TEST(Chain, RedirectsGoOnAndTheLastOneCounts) {
  ScriptedChain scripted;
  Script first, second;
  const hyalite_address to_first = abi(*Address::parse("10.0.0.1:81")),
                        to_second = abi(*Address::parse("[2001:db8::2]:82"));
  first.upstream_connect = [&](hyalite_flow* flow, const hyalite_address*) {
    EXPECT_EQ(flows->redirect_upstream(flow, &to_first, {}), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  second.upstream_connect = [&](hyalite_flow* flow, const hyalite_address* to) {
    EXPECT_EQ(address_of(*to)->text(), "10.0.0.1:81");
    EXPECT_EQ(flows->redirect_upstream(flow, &to_second, {}), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(first).add(second).start();
  HookTalk talk(chain);
  EXPECT_EQ(chain.upstream_connect(talk.flow, talk.flow.upstream()), Answer::go_on);
  EXPECT_EQ(talk.flow.upstream().text(), "[2001:db8::2]:82");
  EXPECT_EQ(talk.exchange.upstream().text(), "[2001:db8::2]:82");
  EXPECT_EQ(talk.flow.redirected_by(), "p1");
}

TEST(Chain, RedirectsOneExchange) {
  ScriptedChain scripted;
  Script script;
  script.exchange_end = [](hyalite_exchange*, const hyalite_exchange_summary* summary) {
    EXPECT_EQ(address_of(summary->upstream)->text(), "10.0.0.1:81");
    EXPECT_EQ(view(summary->decided_by), "p0");
  };
  script.request_head = [&](hyalite_exchange* exchange, const hyalite_headers*, void*) {
    const hyalite_address to = abi(*Address::parse("10.0.0.1:81"));
    const hyalite_address nowhere = {};
    EXPECT_EQ(http->redirect_upstream(exchange, &nowhere, {}), HYALITE_E_INVALID);
    EXPECT_EQ(http->redirect_upstream(exchange, &to, {}), HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
  EXPECT_EQ(talk.exchange.upstream().text(), "10.0.0.1:81");
  EXPECT_EQ(talk.flow.upstream().text(), "[2001:db8::1]:80");
}

TEST(Chain, DoesNotLetPassOrRedirectWithoutAGrant) {
  ScriptedChain scripted;
  Script script;
  script.flow_open = [&](hyalite_flow* flow, void*) {
    const hyalite_address to = abi(*Address::parse("10.0.0.1:81"));
    EXPECT_EQ(flows->pass_through(flow, {}), HYALITE_E_FORBIDDEN);
    EXPECT_EQ(flows->redirect_upstream(flow, &to, {}), HYALITE_E_FORBIDDEN);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script, FailurePolicy::open, {}).start();
  HookTalk talk(chain);
  EXPECT_FALSE(talk.flow.decision().made());
  EXPECT_TRUE(scripted.logged("warning plugin.not_granted instance=p0"));
}

TEST(Chain, PassesAFlowThrough) {
  ScriptedChain scripted;
  Script script;
  ClientHello hello;
  hello.server_name_kind = ServerName::host;
  hello.server_name = "pinned.example";
  hello.alpn = {"h2", "http/1.1"};
  hello.cipher_suites = {0x1301, 0xc02f};
  script.client_hello = [&](hyalite_flow* flow, const hyalite_client_hello* seen) {
    EXPECT_EQ(view(seen->server_name), "pinned.example");
    EXPECT_EQ(seen->alpn_count, 2u);
    EXPECT_EQ(view(seen->alpn[1]), "http/1.1");
    EXPECT_EQ(seen->cipher_suites.items[1], 0xc02f);
    EXPECT_EQ(view(flows->info(flow)->server_name), "pinned.example");
    EXPECT_EQ(flows->pass_through(flow, abi(std::string_view("pinned"))), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  talk.flow.set_client_hello(hello);
  EXPECT_EQ(chain.client_hello(talk.flow), Answer::decided);
  EXPECT_TRUE(std::holds_alternative<PassThrough>(talk.flow.decision().what));
  EXPECT_EQ(talk.flow.decision().reason, "pinned");
}

TEST(Chain, RefusesDecisionsThatComeTooLate) {
  ScriptedChain scripted;
  Script late;
  late.response_head = [&](hyalite_exchange* exchange, const hyalite_headers*) {
    const hyalite_address to = abi(*Address::parse("10.0.0.1:81"));
    EXPECT_EQ(http->redirect_upstream(exchange, &to, {}), HYALITE_E_LATE);
    EXPECT_EQ(flows->reset(http->flow(exchange), {}), HYALITE_E_LATE);
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 403;
    EXPECT_EQ(http->respond(exchange, &response), HYALITE_E_LATE);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(late).start();
  HookTalk talk(chain);
  talk.request(kGet);
  talk.exchange.response_started = true;
  EXPECT_EQ(talk.response(kOk), Answer::go_on);
  // Outside of any hook nothing can be decided, whatever a plugin kept.
  EXPECT_EQ(http->reset(&talk.exchange, {}), HYALITE_E_LATE);
  EXPECT_EQ(http->headers(&talk.exchange, HYALITE_PART_REQUEST), nullptr);
}

TEST(Chain, RefusesResponsesThatCannotBe) {
  ScriptedChain scripted;
  Script script;
  script.request_head = [&](hyalite_exchange* exchange, const hyalite_headers*, void*) {
    hyalite_response response{};
    response.size = sizeof response;
    response.status = 101;
    EXPECT_EQ(http->respond(exchange, &response), HYALITE_E_INVALID);
    response.status = 403;
    hyalite_field framing = {abi(std::string_view("Content-Length")), abi(std::string_view("7"))};
    response.headers = &framing;
    response.header_count = 1;
    EXPECT_EQ(http->respond(exchange, &response), HYALITE_E_FORBIDDEN);
    framing = {abi(std::string_view("X")), abi(std::string_view("a\r\nSet-Cookie: b"))};
    EXPECT_EQ(http->respond(exchange, &response), HYALITE_E_INVALID);
    response.header_count = 1'000;
    EXPECT_EQ(http->respond(exchange, &response), HYALITE_E_LIMIT);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::go_on);
}

TEST(Chain, RefusesWhatALaterInterfaceWouldMean) {
  ScriptedChain scripted;
  Script script;
  script.request_head = [&](hyalite_exchange* exchange, const hyalite_headers*, void*) {
    struct Later {
      hyalite_response response;
      std::uint64_t more;
    } later{};
    later.response.size = sizeof later;
    later.response.status = 403;
    later.more = 1;
    EXPECT_EQ(http->respond(exchange, &later.response), HYALITE_E_UNSUPPORTED);
    later.more = 0;
    EXPECT_EQ(http->respond(exchange, &later.response), HYALITE_OK);
    return HYALITE_FINAL;
  };
  Chain& chain = scripted.add(script).start();
  HookTalk talk(chain);
  EXPECT_EQ(talk.request(kGet), Answer::decided);
}

// ---- state

TEST(Chain, KeepsStateForEachExchangeAndFreesItOnce) {
  int made = 0, freed = 0;
  ScriptedChain scripted;
  Script script;
  script.exchange_state = sizeof(int);
  script.flow_state = sizeof(int);
  script.flow_open = [&](hyalite_flow*, void* state) {
    return ++*static_cast<int*>(state), HYALITE_CONTINUE;
  };
  script.exchange_init = [&](void* state) {
    return *static_cast<int*>(state) = 40, ++made, HYALITE_OK;
  };
  script.exchange_fini = [&](void* state) {
    EXPECT_EQ(*static_cast<int*>(state), 42);
    ++freed;
  };
  script.request_head = [&](hyalite_exchange* exchange, const hyalite_headers*, void* state) {
    *static_cast<int*>(state) += 2;
    EXPECT_EQ(*static_cast<int*>(http->flow_state(exchange)), 1);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).add(script).start();
  { HookTalk(chain).request(kGet); }
  EXPECT_EQ(made, 2);
  EXPECT_EQ(freed, 2);
}

TEST(Chain, FailsAPluginWhoseStateCannotBeMade) {
  int freed = 0;
  ScriptedChain scripted;
  Script script;
  script.exchange_state = 8;
  script.exchange_init = [](void*) { return HYALITE_E_FAILED; };
  script.exchange_fini = [&](void*) { ++freed; };
  script.request_head = [](hyalite_exchange*, const hyalite_headers*, void*) {
    return ADD_FAILURE(), HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script, FailurePolicy::closed).start();
  {
    HookTalk talk(chain);
    EXPECT_EQ(talk.request(kGet), Answer::decided);
  }
  EXPECT_EQ(freed, 0);
}

// ---- who is running

TEST(Chain, WritesIntoTheSlotWhoIsRunning) {
  ScriptedChain scripted;
  Script script;
  script.request_head = [&](hyalite_exchange*, const hyalite_headers*, void*) {
    EXPECT_EQ(scripted.slot.instance.load(), 1u);
    EXPECT_EQ(scripted.slot.hook.load(), static_cast<std::uint32_t>(Hook::request_head));
    EXPECT_EQ(scripted.slot.flow.load(), 7u);
    EXPECT_GT(scripted.slot.since_ns.load(), 0);
    return HYALITE_CONTINUE;
  };
  script.tick = [&] {
    EXPECT_EQ(scripted.slot.hook.load(), static_cast<std::uint32_t>(Hook::tick));
  };
  Chain& chain = scripted.add(script).start();
  HookTalk(chain).request(kGet);
  EXPECT_EQ(scripted.slot.instance.load(), 0u);
  chain.tick();
  EXPECT_EQ(scripted.slot.instance.load(), 0u);
}

TEST(Chain, WritesIntoTheHistoryWhatWasCalledLast) {
  ScriptedChain scripted;
  Script script;
  script.request_head = [](hyalite_exchange*, const hyalite_headers*, void*) {
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(script).start();
  for (int i = 0; i < 20; ++i) HookTalk(chain).request(kGet);
  EXPECT_EQ(scripted.history.calls.load(), 20u);
  const CallHistory::Call& call = scripted.history.last[19 % CallHistory::kCalls];
  EXPECT_EQ(call.instance.load(), 1u);
  EXPECT_EQ(call.hook.load(), static_cast<std::uint32_t>(Hook::request_head));
  EXPECT_EQ(call.flow.load(), 7u);
  EXPECT_EQ(scripted.history.faults.load(), 0u);
}

std::string text_of(const std::array<std::atomic<char>, CallHistory::kWhat>& what) {
  std::string text;
  for (const auto& c : what) {
    if (c.load() != '\0') text += c.load();
  }
  return text;
}

TEST(Chain, WritesIntoTheHistoryWhatFailed) {
  ScriptedChain scripted;
  const hyalite_host* host = nullptr;
  Script script;
  script.create = [&](const hyalite_host* its) { return host = its, HYALITE_OK; };
  script.request_head = [](hyalite_exchange*, const hyalite_headers*, void*) -> hyalite_verdict {
    throw 1;
  };
  script.response_head = [&](hyalite_exchange*, const hyalite_headers*) {
    host->log(host, HYALITE_LOG_ERROR, abi(std::string_view("the list is gone")), nullptr, 0);
    return HYALITE_ERROR;
  };
  Chain& chain = scripted.add(script).start();
  {
    HookTalk talk(chain);
    talk.request(kGet);
    talk.exchange.notes.left_out = 0;  // it is asked once more
    talk.response(kOk);
  }
  ASSERT_EQ(scripted.history.faults.load(), 2u);
  const CallHistory::Fault& thrown = scripted.history.recent[0];
  EXPECT_EQ(thrown.number.load(), 1u);
  EXPECT_EQ(thrown.kind.load(), static_cast<std::uint32_t>(FaultKind::exception));
  EXPECT_EQ(thrown.hook.load(), static_cast<std::uint32_t>(Hook::request_head));
  EXPECT_EQ(text_of(thrown.what), "an exception");
  const CallHistory::Fault& said = scripted.history.recent[1];
  EXPECT_EQ(said.kind.load(), static_cast<std::uint32_t>(FaultKind::error));
  EXPECT_EQ(text_of(said.what), "the list is gone") << "in the plugin's own words";
}

TEST(Chain, SurvivesAThrowingTick) {
  ScriptedChain scripted;
  Script script;
  script.tick = [] { throw 1; };
  Chain& chain = scripted.add(script).start();
  chain.tick();
  EXPECT_EQ(scripted.count("hyalite_plugin_errors_total", "p0"), 1u);
}

// ---- findings

TEST(Chain, PassesFindingsOn) {
  ScriptedChain scripted;
  Script first, second;
  first.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) {
    EXPECT_EQ(http->add_finding(x, abi(std::string_view("odd")), abi(std::string_view("very"))),
              HYALITE_OK);
    return HYALITE_CONTINUE;
  };
  second.request_head = [](hyalite_exchange* x, const hyalite_headers*, void*) {
    hyalite_finding found{};
    found.size = sizeof found;
    EXPECT_EQ(http->finding(x, 0, &found), HYALITE_OK);
    EXPECT_EQ(view(found.source), "hyalite");
    EXPECT_EQ(http->finding(x, 1, &found), HYALITE_OK);
    EXPECT_EQ(view(found.source), "p0");
    EXPECT_EQ(view(found.name), "odd");
    EXPECT_EQ(http->finding(x, 2, &found), HYALITE_E_MISSING);
    for (int i = 0; i < 30; ++i) http->add_finding(x, abi(std::string_view("n")), {});
    EXPECT_EQ(http->add_finding(x, abi(std::string_view("n")), {}), HYALITE_E_LIMIT);
    return HYALITE_CONTINUE;
  };
  Chain& chain = scripted.add(first).add(second).start();
  HookTalk talk(chain);
  talk.exchange.findings.add("hyalite", "host_differs_from_destination", "");
  talk.request(kGet);
  EXPECT_EQ(talk.exchange.findings.all().size(), Findings::kMost);
  EXPECT_EQ(talk.exchange.findings.dropped(), 1u);
}

}  // namespace
}  // namespace hyalite
