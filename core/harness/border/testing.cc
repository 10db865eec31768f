// The harness for third parties: <hyalite/testing.h>, and nothing of ours behind it.
// SPDX-License-Identifier: MIT
#include <hyalite/testing.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "harness/playing.h"

using hyalite::Bench;
using hyalite::Cut;
using hyalite::FetchRequest;
using hyalite::FetchResult;
using hyalite::Script;
using hyalite::Side;
using hyalite::Step;
using hyalite::Talk;
using hyalite::TalkOptions;

namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

hyalite_bytes view(std::string_view text) { return {text.data(), text.size()}; }
std::string text(hyalite_bytes bytes) { return bytes.size == 0 ? std::string() : std::string(bytes.data, bytes.size); }
Side side_of(hyalite_side side) { return side == HYALITE_SIDE_UPSTREAM ? Side::upstream : Side::client; }

std::vector<hyalite_field> fields(const Pairs& pairs) {
  std::vector<hyalite_field> all;
  for (const auto& [name, value] : pairs) all.push_back({view(name), view(value)});
  return all;
}
Pairs pairs(const hyalite_field* fields, std::size_t count) {
  Pairs all;
  for (std::size_t i = 0; i < count; ++i) all.emplace_back(text(fields[i].name), text(fields[i].value));
  return all;
}

// As much of a caller's struct as both know.
template <class T>
T copied(const T* given) {
  T out{};
  if (given != nullptr) std::memcpy(&out, given, std::min<std::size_t>(given->size, sizeof out));
  return out;
}

}  // namespace

struct hyalite_bench {
  std::unique_ptr<Bench> bench;
  std::list<hyalite_talk> talks;
  std::string said;
  Pairs asked_headers;
  std::vector<hyalite_field> fields;
};

struct hyalite_talk {
  hyalite_bench* owner;
  std::unique_ptr<Talk> talk;
  std::string said, more, third;
  hyalite::HeardMessage message;
  hyalite::EndedExchange ended;
  std::vector<hyalite_field> fields, more_fields;
};

namespace {

bool works(const hyalite_bench* bench) { return bench->bench->mistakes().empty(); }

hyalite_question question_of(hyalite::Ref ref, const FetchRequest& request, std::vector<hyalite_field>& headers) {
  headers = fields(request.headers);
  hyalite_question out{};
  out.size = sizeof out;
  out.id = ref;
  out.service = view(request.service);
  out.method = view(request.method);
  out.target = view(request.target);
  out.body = view(request.body);
  out.headers = headers.data();
  out.header_count = headers.size();
  return out;
}

FetchResult result_of(const hyalite_answer& given) {
  const hyalite_answer answer = copied(&given);
  FetchResult result;
  result.status = answer.status;
  if (answer.status != HYALITE_OK) result.why = "the test says so";
  result.http_status = answer.http_status;
  result.headers = pairs(answer.headers, answer.header_count);
  result.body = text(answer.body);
  return result;
}

// Nothing: an address is none.
std::optional<TalkOptions> options_of(const hyalite_talk_options* given) {
  const hyalite_talk_options wanted = copied(given);
  TalkOptions options;
  for (const auto& [from, to] : {std::pair(wanted.client, &options.client), std::pair(wanted.destination, &options.destination)}) {
    if (from.size == 0) continue;
    const auto address = hyalite::Address::parse(text(from));
    if (!address) return std::nullopt;
    *to = *address;
  }
  options.listener = wanted.listener;
  switch (wanted.upstream) {
    case HYALITE_UPSTREAM_REFUSES: options.upstream.fails = hyalite::ConnectFailure::refused; break;
    case HYALITE_UPSTREAM_TIMES_OUT: options.upstream.fails = hyalite::ConnectFailure::timed_out; break;
    case HYALITE_UPSTREAM_UNREACHABLE: options.upstream.fails = hyalite::ConnectFailure::unreachable; break;
    case HYALITE_UPSTREAM_WAITS: options.upstream.waits = true; break;
    default: break;
  }
  for (std::size_t i = 0; i < hyalite::kDefects; ++i) {
    if ((wanted.upstream_defects >> i & 1) != 0) options.upstream.handshakes.upstream_defects.add(static_cast<hyalite::Defect>(i));
  }
  options.upstream.handshakes.upstream_fails = wanted.upstream_has_no_tls != 0;
  options.upstream.handshakes.client_refuses = wanted.client_refuses_tls != 0;
  return options;
}

Script script_of(const hyalite_step* steps, std::size_t count) {
  Script script;
  for (std::size_t i = 0; i < count; ++i) {
    script.push_back({static_cast<Step::What>(steps[i].what), side_of(steps[i].side), text(steps[i].bytes),
                      std::chrono::nanoseconds(steps[i].ns)});
  }
  return script;
}

// What both begin with. NULL: there can be no talk.
hyalite_talk* kept(hyalite_bench* bench, std::unique_ptr<Talk> talk) {
  hyalite_talk& made = bench->talks.emplace_back();
  made.owner = bench;
  made.talk = std::move(talk);
  return &made;
}
bool has_listener(const hyalite_bench* bench, const std::optional<TalkOptions>& options) {
  return options && options->listener < bench->bench->settings().listeners.size();
}

}  // namespace

// ---- the bench

hyalite_bench* hyalite_bench_open(hyalite_bytes settings) {
  auto* bench = new hyalite_bench;
  hyalite::BenchOptions options;
  options.settings = text(settings);
#ifdef HYALITE_PLUGIN_DIR
  options.directories = {HYALITE_PLUGIN_DIR};
#endif
  bench->bench = std::make_unique<Bench>(std::move(options));
  return bench;
}

hyalite_bytes hyalite_bench_mistakes(hyalite_bench* bench) { return view(bench->bench->mistakes()); }

void hyalite_bench_close(hyalite_bench* bench) {
  if (bench == nullptr) return;
  bench->talks.clear();
  delete bench;
}

void hyalite_bench_advance(hyalite_bench* bench, int64_t ns) {
  if (works(bench)) bench->bench->advance(std::chrono::nanoseconds(ns));
}
int hyalite_bench_wait(hyalite_bench* bench, int64_t at_most_ns) {
  return works(bench) && bench->bench->wait(std::chrono::nanoseconds(at_most_ns)) ? 1 : 0;
}
void hyalite_bench_reopen(hyalite_bench* bench) {
  if (works(bench)) bench->bench->reopen();
}
void hyalite_bench_drain(hyalite_bench* bench) {
  if (works(bench)) bench->bench->drain();
}

hyalite_bytes hyalite_bench_log(hyalite_bench* bench) {
  bench->said = bench->bench->log();
  return view(bench->said);
}
hyalite_bytes hyalite_bench_complaints(hyalite_bench* bench) {
  bench->said = bench->bench->complaints();
  return view(bench->said);
}
int64_t hyalite_bench_count(hyalite_bench* bench, hyalite_bytes metric, hyalite_bytes instance) {
  if (!works(bench)) return -1;
  const auto count = bench->bench->count(text(metric), text(instance));
  return count ? static_cast<int64_t>(*count) : -1;
}

// ---- services

hyalite_status hyalite_bench_question(hyalite_bench* bench, size_t index, hyalite_question* out) {
  if (!works(bench) || index >= bench->bench->services().open().size()) return HYALITE_E_MISSING;
  const hyalite::HeldQuestion& question = bench->bench->services().open()[index];
  *out = question_of(question.ref, question.request, bench->fields);
  return HYALITE_OK;
}

hyalite_status hyalite_bench_answer(hyalite_bench* bench, uint64_t id, const hyalite_answer* answer) {
  if (!works(bench) || !bench->bench->services().answer(id, result_of(*answer))) return HYALITE_E_STALE;
  bench->bench->worker().settle();
  return HYALITE_OK;
}

void hyalite_bench_on_question(hyalite_bench* bench, hyalite_bytes service, hyalite_on_question on_question, void* user) {
  if (!works(bench)) return;
  bench->bench->services().answer_with(text(service), [=](const FetchRequest& request) -> std::optional<FetchResult> {
    std::vector<hyalite_field> headers;
    const hyalite_question question = question_of(0, request, headers);
    hyalite_answer answer{};
    answer.size = sizeof answer;
    answer.http_status = 200;
    if (on_question(user, &question, &answer) == 0) return std::nullopt;
    return result_of(answer);
  });
}

namespace {

hyalite_service_connection view_of(const hyalite::HeldConnection& connection) {
  hyalite_service_connection out{};
  out.size = sizeof out;
  out.is_open = connection.is_open() ? 1 : 0;
  out.id = connection.channel();
  out.service = view(connection.service());
  out.heard = view(connection.heard());
  out.plugin_ended = connection.plugin_ended() ? 1 : 0;
  return out;
}

}  // namespace

hyalite_status hyalite_bench_connection(hyalite_bench* bench, size_t index, hyalite_service_connection* out) {
  if (!works(bench) || index >= bench->bench->services().connections().all().size()) return HYALITE_E_MISSING;
  *out = view_of(bench->bench->services().connections().all()[index]);
  return HYALITE_OK;
}

hyalite_status hyalite_bench_service(hyalite_bench* bench, uint64_t id, uint32_t does, hyalite_bytes bytes) {
  hyalite::HeldConnection* connection = works(bench) ? bench->bench->services().connections().find(id) : nullptr;
  if (connection == nullptr || !connection->is_open()) return HYALITE_E_STALE;
  switch (does) {
    case HYALITE_SERVICE_SAYS: connection->say({bytes.data, bytes.size}); break;
    case HYALITE_SERVICE_ENDS: connection->end(); break;
    case HYALITE_SERVICE_BREAKS: connection->break_off(); break;
    case HYALITE_SERVICE_PAUSES: connection->read(false); break;
    case HYALITE_SERVICE_READS_ON: connection->read(true); break;
    default: return HYALITE_E_INVALID;
  }
  bench->bench->worker().settle();
  return HYALITE_OK;
}

void hyalite_bench_service_is_gone(hyalite_bench* bench, hyalite_bytes service, int gone) {
  if (works(bench)) bench->bench->services().connections().refuse(text(service), gone != 0);
}

void hyalite_bench_on_heard(hyalite_bench* bench, hyalite_bytes service, hyalite_on_heard on_heard, void* user) {
  if (!works(bench)) return;
  bench->bench->services().connections().tell(text(service), [=](hyalite::HeldConnection& connection, std::string_view fresh) {
    const hyalite_service_connection about = view_of(connection);
    on_heard(user, &about, view(fresh));
  });
}

// ---- a talk

hyalite_talk* hyalite_talk_open(hyalite_bench* bench, const hyalite_talk_options* given) {
  const auto options = options_of(given);
  if (!works(bench) || !has_listener(bench, options)) return nullptr;
  return kept(bench, std::make_unique<Talk>(bench->bench->worker(), *options));
}

void hyalite_talk_close(hyalite_talk* talk) {
  if (talk == nullptr) return;
  talk->owner->talks.remove_if([=](const hyalite_talk& one) { return &one == talk; });
}

int hyalite_talk_say(hyalite_talk* talk, hyalite_side side, hyalite_bytes bytes) {
  return talk->talk->say(side_of(side), {bytes.data, bytes.size}) ? 1 : 0;
}
int hyalite_talk_end(hyalite_talk* talk, hyalite_side side) { return talk->talk->end(side_of(side)) ? 1 : 0; }
int hyalite_talk_break(hyalite_talk* talk, hyalite_side side) { return talk->talk->break_off(side_of(side)) ? 1 : 0; }
void hyalite_talk_let_connect(hyalite_talk* talk) { talk->talk->let_connect(); }

hyalite_bytes hyalite_talk_client_hello(hyalite_talk* talk, hyalite_bytes server_name, hyalite_bytes alpn) {
  talk->said = hyalite::client_hello(text(server_name), text(alpn));
  return view(talk->said);
}
hyalite_bytes hyalite_talk_sent(hyalite_talk* talk, hyalite_side side) {
  talk->said = talk->talk->sent(side_of(side));
  return view(talk->said);
}
hyalite_bytes hyalite_talk_unread(hyalite_talk* talk, hyalite_side side) {
  talk->said = talk->talk->unread(side_of(side));
  return view(talk->said);
}

void hyalite_talk_look(hyalite_talk* talk, hyalite_talk_state* out) {
  const Talk& real = *talk->talk;
  hyalite_talk_state state{};
  state.size = sizeof state;
  state.connected = real.connected() ? 1 : 0;
  state.connections = static_cast<std::uint32_t>(real.connections());
  if (const hyalite::Close* closed = real.closed()) {
    const auto how = [](hyalite::Ending ending) -> std::uint32_t {
      return ending == hyalite::Ending::reset ? HYALITE_ENDED_BY_RESET : HYALITE_ENDED_IN_ORDER;
    };
    state.client = how(closed->client);
    state.upstream = how(closed->upstream);
    talk->more = name_of(closed->reason);
    state.reason = view(talk->more);
  }
  talk->said = real.stage();
  state.stage = view(talk->said);
  talk->third = real.connected_to() ? real.connected_to()->text() : std::string();
  state.connected_to = view(talk->third);
  const std::uint32_t asked = out->size;
  std::memcpy(out, &state, std::min<std::size_t>(asked, sizeof state));
  out->size = asked;
}

hyalite_status hyalite_talk_message(hyalite_talk* talk, hyalite_side side, size_t index, hyalite_message* out) {
  hyalite::HeardMessages heard = talk->talk->messages(side_of(side));
  if (index >= heard.whole.size()) return HYALITE_E_MISSING;
  talk->message = std::move(heard.whole[index]);
  talk->fields = fields(talk->message.headers);
  talk->more_fields = fields(talk->message.trailers);
  *out = {};
  out->size = sizeof *out;
  out->status = talk->message.status;
  out->method = view(talk->message.method);
  out->target = view(talk->message.target);
  out->content = view(talk->message.content);
  out->headers = talk->fields.data();
  out->header_count = talk->fields.size();
  out->trailers = talk->more_fields.data();
  out->trailer_count = talk->more_fields.size();
  return HYALITE_OK;
}

hyalite_status hyalite_talk_ended(hyalite_talk* talk, size_t index, hyalite_ended_exchange* out) {
  for (const hyalite::EndedExchange& exchange : talk->owner->bench->ended()) {
    if (exchange.flow != talk->talk->flow() || index-- > 0) continue;
    talk->ended = exchange;
    talk->fields = fields(talk->ended.notes);
    talk->more_fields = fields(talk->ended.findings);
    *out = {};
    out->size = sizeof *out;
    out->end = talk->ended.end;
    out->status = talk->ended.status;
    out->reason = view(talk->ended.reason);
    out->decided_by = view(talk->ended.decided_by);
    out->decision_reason = view(talk->ended.decision_reason);
    out->notes = talk->fields.data();
    out->note_count = talk->fields.size();
    out->findings = talk->more_fields.data();
    out->finding_count = talk->more_fields.size();
    return HYALITE_OK;
  }
  return HYALITE_E_MISSING;
}

// ---- scripts

hyalite_talk* hyalite_talk_play(hyalite_bench* bench, const hyalite_talk_options* given, const hyalite_step* steps, size_t count) {
  const auto options = options_of(given);
  if (!works(bench) || !has_listener(bench, options)) return nullptr;
  return kept(bench, play(*bench->bench, *options, script_of(steps, count)));
}

hyalite_talk* hyalite_talk_play_in_every_way(hyalite_bench* bench, const hyalite_talk_options* given, const hyalite_step* steps,
                                             size_t count, uint64_t seed, hyalite_bytes* difference, size_t* ways) {
  const auto options = options_of(given);
  if (!works(bench) || !has_listener(bench, options)) return nullptr;
  hyalite::EveryWay every = play_in_every_way(*bench->bench, *options, script_of(steps, count), seed);
  if (ways != nullptr) *ways = every.ways;
  bench->said = std::move(every.difference);
  *difference = view(bench->said);
  return kept(bench, std::move(every.whole));
}
