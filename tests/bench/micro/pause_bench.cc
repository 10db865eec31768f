// What waiting costs: a request's head through a chain of one plugin, with and without a pause; and a timer.
// SPDX-License-Identifier: MIT
#include <benchmark/benchmark.h>

#include "unit/plugin/scripted.h"

namespace hyalite {
namespace {

const hyalite_host* host;
const hyalite_host_async* async;

Script asking(bool pauses) {
  Script script;
  script.create = [](const hyalite_host* given) -> hyalite_status {
    host = given;
    async = static_cast<const hyalite_host_async*>(host->get_interface(host, HYALITE_HOST_ASYNC_ID));
    return HYALITE_OK;
  };
  script.request_head = [pauses](hyalite_exchange* x, const hyalite_headers*, void*) -> hyalite_verdict {
    if (!pauses) return HYALITE_CONTINUE;
    const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
    hyalite_ref ref = 0;
    async->pause_exchange(x, &options, &ref);
    async->resume(host, ref);
    return HYALITE_PAUSE;
  };
  script.resume_exchange = [](hyalite_exchange*, const hyalite_resumption*) -> hyalite_verdict { return HYALITE_CONTINUE; };
  return script;
}

// One hook call each time; with `pauses` two, the pause, and what brings it to the loop and back.
void run(benchmark::State& state, bool pauses) {
  ScriptedChain scripted;
  Chain& chain = scripted.add(asking(pauses)).start();
  HookTalk talk(chain);
  talk.request(kGet);
  for (auto _ : state) {
    Answer answer = chain.request_head(talk.exchange);
    if (answer == Answer::paused) {
      chain.deliver();
      answer = chain.resume(talk.exchange, Lane::request);
    }
    if (answer != Answer::go_on) state.SkipWithError("it did not go on");
  }
}
void HookCall(benchmark::State& state) { run(state, false); }
void HookCallThatPauses(benchmark::State& state) { run(state, true); }
BENCHMARK(HookCall);
BENCHMARK(HookCallThatPauses);

void Timer(benchmark::State& state) {
  ScriptedChain scripted;
  Chain& chain = scripted.add(asking(false)).start();
  for (auto _ : state) {
    hyalite_ref ref = 0;
    async->timer(host, 0, 0, [](void*, hyalite_ref, void*, hyalite_status) {}, nullptr, &ref);
    chain.deliver();
  }
}
BENCHMARK(Timer);

}  // namespace
}  // namespace hyalite
BENCHMARK_MAIN();
