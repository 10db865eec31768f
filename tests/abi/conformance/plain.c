/* A plugin that calls every function and has every hook of the interface that is promised (no drafts), and says what came of it.
 * It is built once with each release, by several compilers, and kept: every later Hyalite must get the same transcript out of it
 * (conformance.cc). So nothing may be changed here once it was released: a new version gets a new file.
 * What it does to an exchange says the request's header X-Do. SPDX-License-Identifier: MIT */
#include <hyalite/plugin.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HYALITE_NOTE("conformance-c", "1.0.0", "MIT");

typedef struct everything {
  const hyalite_host* host;
  const hyalite_host_settings* settings;
  const hyalite_host_metrics* metrics;
  const hyalite_host_flow* flow;
  const hyalite_host_http* http;
  const hyalite_host_body* body;
  const hyalite_host_async* async;
  const hyalite_host_notes* notes;
  uint32_t hooks_total, workers, seen, seen_flow;
  uint64_t* hooks;
  uint16_t x_do;
  int ticked;
} everything;

/* Of a flow, of an exchange. */
typedef struct flow_memory {
  uint32_t calls;
} flow_memory;
typedef struct exchange_memory {
  char what[16];
  uint32_t bodies;
  hyalite_ref pause;
} exchange_memory;

/* ---- words ---- */

static hyalite_bytes text(const char* literal) {
  const hyalite_bytes bytes = {literal, strlen(literal)};
  return bytes;
}

#define BYTES(b) (int)(b).size, (b).size == 0 ? "" : (b).data

/* Every line that it says begins with "did: ". */
__attribute__((format(printf, 2, 3))) static void did(const everything* self, const char* format, ...) {
  char line[1024] = "did: ";
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(line + 5, sizeof line - 5, format, arguments);
  va_end(arguments);
  self->host->log(self->host, HYALITE_LOG_INFO, text(line), NULL, 0);
}

static void hook(everything* self, flow_memory* memory, const char* name) {
  if (self->hooks != NULL) ++*self->hooks;
  if (memory != NULL) ++memory->calls;
  did(self, "hook %s", name);
}

static const char* address(const hyalite_address* of, char* out, size_t size) {
  if (of->family == 4) {
    snprintf(out, size, "%u.%u.%u.%u:%u", of->bytes[0], of->bytes[1], of->bytes[2], of->bytes[3], of->port);
  } else {
    int at = snprintf(out, size, "[");
    for (int i = 0; i < 16; i += 2) at += snprintf(out + at, size - (size_t)at, "%s%x", i == 0 ? "" : ":", (unsigned)(of->bytes[i] << 8 | of->bytes[i + 1]));
    snprintf(out + at, size - (size_t)at, "]:%u", of->port);
  }
  return out;
}

static void tell_headers(const everything* self, const hyalite_headers* headers) {
  if (headers == NULL) {
    did(self, "  no headers");
    return;
  }
  for (uint32_t i = 0; i < headers->count; ++i) {
    const hyalite_header* at = hyalite_header_at(headers, i);
    did(self, "  %.*s=%.*s id %s next %" PRId32, BYTES(at->name), BYTES(at->value),
        at->id == 0 ? "none" : at->id == self->x_do ? "x-do" : at->id == HYALITE_HEADER_HOST ? "host" : "known", at->next_same);
  }
}

static void tell_findings(const everything* self, hyalite_flow* flow, hyalite_exchange* exchange) {
  hyalite_finding found = {.size = sizeof found};
  for (size_t i = 0; (exchange != NULL ? self->http->finding(exchange, i, &found) : self->flow->finding(flow, i, &found)) == HYALITE_OK; ++i)
    did(self, "  finding %.*s %.*s %.*s", BYTES(found.source), BYTES(found.name), BYTES(found.detail));
}

/* ---- life ---- */

static void tell_value(const everything* self, const hyalite_host* host, const char* path) {
  const hyalite_value* value = self->settings->find(host, self->settings->root(host), text(path));
  hyalite_bytes as_text = {NULL, 0};
  int64_t integer = 0;
  double number = 0;
  uint32_t boolean = 0;
  if (value == NULL) {
    did(self, "  %s is missing", path);
    return;
  }
  const hyalite_status answers[] = {self->settings->text(host, value, &as_text), self->settings->integer(host, value, &integer),
                                    self->settings->number(host, value, &number), self->settings->boolean(host, value, &boolean)};
  did(self, "  %s kind %u text %d '%.*s' integer %d %" PRId64 " number %d %g boolean %d %u count %zu", path, self->settings->kind(host, value), answers[0],
      BYTES(as_text), answers[1], integer, answers[2], number, answers[3], boolean, self->settings->count(host, value));
}

static int find_tables(everything* self, const hyalite_host* host) {
  self->host = host;
  self->settings = host->get_interface(host, HYALITE_HOST_SETTINGS_ID);
  self->metrics = host->get_interface(host, HYALITE_HOST_METRICS_ID);
  self->flow = host->get_interface(host, HYALITE_HOST_FLOW_ID);
  self->http = host->get_interface(host, HYALITE_HOST_HTTP_ID);
  self->body = host->get_interface(host, HYALITE_HOST_BODY_ID);
  self->async = host->get_interface(host, HYALITE_HOST_ASYNC_ID);
  self->notes = host->get_interface(host, HYALITE_HOST_NOTES_ID);
  return HYALITE_HAS(self->settings, mistake) && HYALITE_HAS(self->metrics, cell) && HYALITE_HAS(self->flow, add_finding) &&
         HYALITE_HAS(self->http, add_finding) && HYALITE_HAS(self->body, flat) && HYALITE_HAS(self->async, cancel) && HYALITE_HAS(self->notes, at_flow);
}

static hyalite_status validate(const hyalite_host* host) {
  everything self = {.host = host};
  if (!find_tables(&self, host)) return HYALITE_E_UNSUPPORTED;
  const hyalite_value* wrong = self.settings->find(host, self.settings->root(host), text("wrong"));
  did(&self, "validate");
  if (wrong == NULL) return HYALITE_OK;
  self.settings->mistake(host, wrong, text("this is wrong, as it was meant to be"));
  return HYALITE_E_INVALID;
}

static hyalite_status create(const hyalite_host* host, void** instance) {
  static const char* const paths[] = {"greeting", "times", "ratio", "loud", "list", "map", "map/deep", "nothing"};
  everything* self = calloc(1, sizeof *self);
  if (self == NULL) return HYALITE_E_FAILED;
  if (!find_tables(self, host)) {
    free(self);
    return HYALITE_E_UNSUPPORTED;
  }
  did(self, "create %.*s %.*s worker %s clocks %d %d unknown %s", BYTES(host->product), BYTES(host->instance),
      host->worker_index == HYALITE_NO_WORKER ? "none" : "some", host->now(host, HYALITE_CLOCK_WALL) > 0, host->now(host, HYALITE_CLOCK_MONOTONIC) > 0,
      host->get_interface(host, "hyalite.host.no-such/1") == NULL ? "no" : "yes");
  for (size_t i = 0; i < sizeof paths / sizeof *paths; ++i) tell_value(self, host, paths[i]);
  for (size_t i = 0;; ++i) {
    hyalite_bytes key = {NULL, 0};
    if (self->settings->item(host, self->settings->root(host), i, &key) == NULL) break;
    did(self, "  item %zu is %.*s", i, BYTES(key));
  }
  const hyalite_field label = {text("kind"), text("any")};
  const hyalite_metric metric = {sizeof metric, HYALITE_COUNTER, text("conformance_hooks_total"), text("Hooks that were called."), &label, 1};
  const hyalite_metric gauge = {sizeof gauge, HYALITE_GAUGE, text("conformance_workers"), text("Workers that have started."), NULL, 0};
  const hyalite_metric unknown = {sizeof unknown, 77, text("conformance_unknown"), text("None."), NULL, 0};
  const hyalite_metric bad = {sizeof bad, HYALITE_COUNTER, text("Bad Name"), text("None."), NULL, 0};
  uint32_t none = 0;
  const hyalite_status defined = self->metrics->define(host, &metric, &self->hooks_total);
  const hyalite_status defined_gauge = self->metrics->define(host, &gauge, &self->workers);
  const hyalite_status defined_unknown = self->metrics->define(host, &unknown, &none);
  did(self, "  metrics %d %d unknown %d bad %d", defined, defined_gauge, defined_unknown, self->metrics->define(host, &bad, &none));
  self->x_do = self->http->intern(host, text("X-Do"));
  self->seen = self->notes->key(host, text("conformance-c.seen"));
  self->seen_flow = self->notes->key(host, text("conformance-c.flow"));
  did(self, "  interned %d host %d bad %u keys %d bad %u", self->x_do != 0, self->http->intern(host, text("hOsT")) == HYALITE_HEADER_HOST,
      self->http->intern(host, text("no name")), self->seen != 0 && self->seen_flow != 0, self->notes->key(host, text("No Key")));
  did(self, "  names %d %d %d values %d %d", self->http->check_name(host, text("X-A")), self->http->check_name(host, text("Content-Length")),
      self->http->check_name(host, text("a b")), self->http->check_value(host, text("fine")), self->http->check_value(host, text("a\r\nb")));
  *instance = self;
  return HYALITE_OK;
}

static hyalite_status start(void* instance, const hyalite_worker* worker) {
  everything* self = instance;
  self->hooks = self->metrics->cell(self->host, self->hooks_total);
  *self->metrics->cell(self->host, self->workers) = 1;
  did(self, "start %u of %u", worker->index, worker->count);
  return HYALITE_OK;
}
static hyalite_status tick(void* instance) {
  ((everything*)instance)->ticked = 1;
  return HYALITE_OK;
}
static hyalite_status reopen(void* instance) {
  did(instance, "reopen");
  return HYALITE_OK;
}
static hyalite_status drain(void* instance) {
  did(instance, "drain ticked %d", ((everything*)instance)->ticked);
  return HYALITE_OK;
}
static hyalite_status stop(void* instance) {
  did(instance, "stop");
  return HYALITE_OK;
}
static void destroy(void* instance) { free(instance); }

static hyalite_status flow_init(void* instance, void* state) {
  did(instance, "flow_init %u", ((flow_memory*)state)->calls);
  return HYALITE_OK;
}
static void flow_fini(void* instance, void* state) { did(instance, "flow_fini after %u calls", ((flow_memory*)state)->calls); }
static hyalite_status exchange_init(void* instance, void* state) {
  did(instance, "exchange_init %u", ((exchange_memory*)state)->bodies);
  return HYALITE_OK;
}
static void exchange_fini(void* instance, void* state) { did(instance, "exchange_fini %s", ((exchange_memory*)state)->what); }

/* ---- flows ---- */

static hyalite_verdict flow_open(void* instance, hyalite_flow* flow, void* state) {
  everything* self = instance;
  char a[64], b[64], c[64];
  hook(self, state, "flow_open");
  const hyalite_flow_info* info = self->flow->info(flow);
  did(self, "  arrival %u protocol %u worker %u id %d opened %d client %s destination %s upstream %s zone %u name '%.*s' listener %d", info->arrival, info->protocol,
      info->worker, info->id != 0, info->opened_at > 0, address(&info->client, a, sizeof a), address(&info->destination, b, sizeof b),
      address(&info->upstream, c, sizeof c), info->client.zone, BYTES(info->server_name), info->listener.size != 0);
  did(self, "  hello %s", self->flow->client_hello(flow) == NULL ? "none" : "some");
  did(self, "  finding %d %d", self->flow->add_finding(flow, text("opened"), text("by conformance")), self->flow->add_finding(flow, text(""), text("")));
  tell_findings(self, flow, NULL);
  did(self, "  note %d unwritten", self->notes->set_flow(flow, self->seen_flow, text("first")));
  const hyalite_body_options stream = {.size = sizeof stream, .mode = HYALITE_BODY_STREAM, .flags = HYALITE_BODY_MAY_RESIZE, .keep_max = 4};
  did(self, "  stream_interest %d %d", self->flow->stream_interest(flow, HYALITE_REQUEST, &stream),
      self->flow->stream_interest(flow, HYALITE_RESPONSE, &stream));
  if (info->destination.port == 81) {
    did(self, "  reset %d", self->flow->reset(flow, text("port 81")));
    return HYALITE_FINAL;
  }
  if (info->destination.port == 82) {
    did(self, "  pass_through %d", self->flow->pass_through(flow, text("port 82")));
    return HYALITE_FINAL;
  }
  if (info->destination.port == 83) {
    hyalite_address other = info->destination;
    other.port = 8083;
    did(self, "  redirect %d", self->flow->redirect_upstream(flow, &other, text("port 83")));
  }
  if (info->destination.port == 84) {
    const hyalite_pause_options options = {sizeof options, HYALITE_DEADLINE_ASKS, INT64_C(1000000000)};
    hyalite_ref pause = 0;
    did(self, "  pause %d", self->async->pause_flow(flow, &options, &pause));
    return HYALITE_PAUSE;
  }
  return HYALITE_CONTINUE;
}

static void tell_list(const everything* self, const char* name, hyalite_u16_list list) {
  for (size_t i = 0; i < list.count; ++i) did(self, "  %s 0x%04x", name, (unsigned)list.items[i]);
}

static hyalite_verdict protocol(void* instance, hyalite_flow* flow, void* state, uint32_t what) {
  everything* self = instance;
  hook(self, state, "protocol");
  did(self, "  protocol %u hello %s", what, self->flow->client_hello(flow) == NULL ? "none" : "some");
  return HYALITE_CONTINUE;
}

static hyalite_verdict upstream_connect(void* instance, hyalite_flow* flow, void* state, const hyalite_address* to) {
  everything* self = instance;
  char a[64];
  const hyalite_client_hello* hello = self->flow->client_hello(flow);
  hook(self, state, "upstream_connect");
  did(self, "  to %s", address(to, a, sizeof a));
  if (hello == NULL) return HYALITE_CONTINUE;
  did(self, "  hello 0x%04x 0x%04x name %u '%.*s' encrypted %u formats %zu", (unsigned)hello->record_version, (unsigned)hello->legacy_version,
      hello->server_name_kind, BYTES(hello->server_name), hello->has_encrypted_client_hello, hello->ec_point_format_count);
  for (size_t i = 0; i < hello->alpn_count; ++i) did(self, "  alpn %.*s", BYTES(hello->alpn[i]));
  tell_list(self, "version", hello->versions);
  tell_list(self, "suite", hello->cipher_suites);
  tell_list(self, "extension", hello->extensions);
  tell_list(self, "group", hello->groups);
  tell_list(self, "signature", hello->signature_algorithms);
  return HYALITE_CONTINUE;
}

static hyalite_verdict flow_close(void* instance, hyalite_flow* flow, void* state, const hyalite_flow_summary* s) {
  everything* self = instance;
  hyalite_bytes value = {NULL, 0};
  hyalite_field note = {{NULL, 0}, {NULL, 0}};
  hook(self, state, "flow_close");
  did(self, "  end %u client %" PRIu64 " %" PRIu64 " upstream %" PRIu64 " %" PRIu64 " exchanges %" PRIu64 " inspected %u reason '%.*s' bypass '%.*s' by '%.*s' '%.*s'",
      s->end, s->from_client, s->to_client, s->to_upstream, s->from_upstream, s->exchanges, s->inspected, BYTES(s->reason), BYTES(s->bypass),
      BYTES(s->decided_by), BYTES(s->decision_reason));
  tell_findings(self, flow, NULL);
  const hyalite_status got = self->notes->get_flow(flow, self->seen_flow, &value);
  const hyalite_status at = self->notes->at_flow(flow, 0, &note);
  did(self, "  note %d '%.*s' at %d '%.*s'", got, BYTES(value), at, BYTES(note.name));
  return HYALITE_CONTINUE;
}

/* Every second byte becomes a dash. */
static void edit(const everything* self, hyalite_window* window, const hyalite_window_view* view) {
  hyalite_bytes all = {NULL, 0};
  uint64_t sum = 0;
  for (size_t i = 0; i < view->segment_count; ++i) sum += view->segments[i].size;
  if (sum != view->length) did(self, "  segments of %" PRIu64, sum);
  did(self, "  window flags %u length %" PRIu64 " offset %" PRIu64 " retained %" PRIu64 " flat %d", view->flags, view->length, view->offset, view->retained,
      self->body->flat(window, 0, view->length, &all));
  did(self, "  bytes '%.*s'", BYTES(all));
  const int ends = (view->flags & HYALITE_WINDOW_END) != 0;
  const uint64_t keeps = !ends && view->length > 3 ? 3 : 0;
  for (uint64_t at = 0; at + 2 <= view->length - keeps; at += 2) {
    self->body->pass(window, 1);
    self->body->drop(window, 1);
    self->body->write(window, text("-"));
  }
  if (keeps != 0) did(self, "  keep %d", self->body->keep(window, keeps));
  did(self, "  beyond %d", self->body->pass(window, view->length + 1));
}

static hyalite_verdict data(void* instance, hyalite_flow* flow, void* state, hyalite_direction direction, hyalite_window* window,
                            const hyalite_window_view* view) {
  everything* self = instance;
  (void)flow;
  hook(self, state, direction == HYALITE_REQUEST ? "data request" : "data response");
  edit(self, window, view);
  return HYALITE_CONTINUE;
}

static hyalite_verdict resume_flow(void* instance, hyalite_flow* flow, void* state, const hyalite_resumption* resumption) {
  everything* self = instance;
  hook(self, state, "resume_flow");
  did(self, "  status %d hook %u info %d", resumption->status, resumption->hook, self->flow->info(flow) != NULL);
  return HYALITE_CONTINUE;
}

/* ---- exchanges ---- */

static int does(const exchange_memory* state, const char* what) { return strcmp(state->what, what) == 0; }

static void want(const everything* self, hyalite_exchange* exchange, uint32_t mode, uint32_t flags) {
  const hyalite_body_options options = {.size = sizeof options, .mode = mode, .flags = flags, .keep_max = mode == HYALITE_BODY_STREAM ? 3 : 0};
  const hyalite_status request = self->http->body_interest(exchange, HYALITE_REQUEST, &options);
  did(self, "  body_interest %d %d", request, self->http->body_interest(exchange, HYALITE_RESPONSE, &options));
}

/* All of a body of at most four bytes; larger ones as `overflow` says. */
static void want_little(const everything* self, hyalite_exchange* exchange, uint32_t overflow) {
  const hyalite_body_options options = {.size = sizeof options, .mode = HYALITE_BODY_FULL, .overflow = overflow, .cap = 4};
  did(self, "  little %d", self->http->body_interest(exchange, HYALITE_RESPONSE, &options));
}

/* What a host that knows only this version has to say to what may come later. */
static void want_unknown(const everything* self, hyalite_exchange* exchange) {
  struct {
    hyalite_body_options known;
    uint64_t later;
  } longer = {{.size = sizeof longer, .mode = HYALITE_BODY_TAP}, 0};
  hyalite_body_options reserved = {.size = sizeof reserved, .mode = HYALITE_BODY_TAP, .reserved = 1};
  const hyalite_body_options cut = {.size = 2, .mode = HYALITE_BODY_TAP}, overflow = {.size = sizeof overflow, .mode = HYALITE_BODY_FULL, .overflow = 9};
  const hyalite_status zeros = self->http->body_interest(exchange, HYALITE_REQUEST, &longer.known);
  longer.later = 1;
  const hyalite_status later = self->http->body_interest(exchange, HYALITE_REQUEST, &longer.known);
  const hyalite_status kept = self->http->body_interest(exchange, HYALITE_REQUEST, &reserved);
  const hyalite_status short_one = self->http->body_interest(exchange, HYALITE_REQUEST, &cut);
  did(self, "  longer %d %d reserved %d cut %d overflow %d", zeros, later, kept, short_one, self->http->body_interest(exchange, HYALITE_REQUEST, &overflow));
  did(self, "  direction %d", self->http->body_interest(exchange, 2, &reserved));
}

static void resumes(void* instance, hyalite_ref ref, void* user, hyalite_status status) {
  everything* self = instance;
  (void)ref;
  did(self, "done %d", status);
  if (status == HYALITE_OK) did(self, "  resume %d", self->async->resume(self->host, *(hyalite_ref*)user));
  free(user);
}
static void works(void* user) { (void)user; }

static hyalite_verdict waits(everything* self, hyalite_exchange* exchange, exchange_memory* state) {
  const hyalite_pause_options options = {.size = sizeof options, .on_deadline = does(state, "fails") ? HYALITE_DEADLINE_FAILS : HYALITE_DEADLINE_ASKS,
                                         .within = INT64_C(2000000000)};
  did(self, "  pause %d", self->async->pause_exchange(exchange, &options, &state->pause));
  hyalite_ref* kept = malloc(sizeof *kept);
  hyalite_ref ref = 0;
  if (kept == NULL) return HYALITE_ERROR;
  *kept = state->pause;
  if (does(state, "timer")) did(self, "  timer %d", self->async->timer(self->host, INT64_C(1000000000), 0, resumes, kept, &ref));
  else if (does(state, "work")) did(self, "  work %d", self->async->work(self->host, works, resumes, kept, &ref));
  else if (does(state, "post")) did(self, "  post %d", self->async->post(self->host, resumes, kept));
  else if (does(state, "cancel")) {
    did(self, "  timer %d", self->async->timer(self->host, INT64_C(1000000000), 0, resumes, kept, &ref));
    did(self, "  cancel %d", self->async->cancel(self->host, ref));
  } else free(kept);
  return HYALITE_PAUSE;
}

static void edit_head(const everything* self, hyalite_exchange* exchange, const hyalite_headers* headers, hyalite_part part) {
  const hyalite_host_http* http = self->http;
  const uint32_t generation = headers->generation;
  /* One after the other: in which order a call's arguments are computed is each compiler's own. */
  const hyalite_status replaced = http->header_set(exchange, part, 0, text("X-New"), text("1"), HYALITE_SET_REPLACE);
  const hyalite_status appended = http->header_set(exchange, part, 0, text("X-New"), text("2"), HYALITE_SET_APPEND);
  const hyalite_status absent = http->header_set(exchange, part, 0, text("X-New"), text("3"), HYALITE_SET_IF_ABSENT);
  did(self, "  set %d %d %d", replaced, appended, absent);
  did(self, "  by id %d", http->header_set(exchange, part, HYALITE_HEADER_VIA, text(""), text("1.1 conformance"), HYALITE_SET_APPEND));
  did(self, "  refused %d %d %d", http->header_set(exchange, part, 0, text("Content-Length"), text("1"), HYALITE_SET_REPLACE),
      http->header_set(exchange, part, 0, text("X-New"), text("a\r\nb"), HYALITE_SET_REPLACE),
      http->header_set(exchange, part, 0, text("X-New"), text("1"), 99));
  did(self, "  old view %d", http->header_set_at(exchange, part, 0, generation, text("late")));
  const hyalite_headers* now = http->headers(exchange, part);
  did(self, "  set_at %d", http->header_set_at(exchange, part, now->count - 1, now->generation, text("1.1 again")));
  did(self, "  remove %d %d", http->header_remove(exchange, part, 0, text("X-Old")), http->header_remove(exchange, part, 0, text("X-Never")));
  tell_headers(self, http->headers(exchange, part));
}

static hyalite_verdict request_head(void* instance, hyalite_exchange* exchange, void* memory, const hyalite_headers* headers) {
  everything* self = instance;
  exchange_memory* state = memory;
  const hyalite_host_http* http = self->http;
  hook(self, http->flow_state(exchange), "request_head");
  const hyalite_request_line* line = http->request_line(exchange);
  did(self, "  %.*s %.*s version %u.%u authority '%.*s' path '%.*s' query '%.*s' scheme %.*s number %" PRIu64, BYTES(line->method), BYTES(line->target),
      line->version_major, line->version_minor, BYTES(line->authority), BYTES(line->path), BYTES(line->query), BYTES(line->scheme), http->number(exchange));
  did(self, "  response %s flow %d", http->response_line(exchange) == NULL ? "none" : "some", http->flow(exchange) != NULL);
  tell_headers(self, headers);
  const hyalite_header* wish = hyalite_header_find(headers, self->x_do);
  if (wish != NULL) snprintf(state->what, sizeof state->what, "%.*s", BYTES(wish->value));
  did(self, "  note %d", self->notes->set(exchange, self->seen, text(state->what)));
  if (does(state, "edit")) {
    edit_head(self, exchange, headers, HYALITE_PART_REQUEST);
    did(self, "  method %d %d target %d", http->set_method(exchange, text("PUT")), http->set_method(exchange, text("HEAD")),
        http->set_target(exchange, text("/edited?yes")));
    did(self, "  finding %d", http->add_finding(exchange, text("edited"), text("the head")));
  } else if (does(state, "respond")) {
    const hyalite_field field = {text("X-Why"), text("conformance")};
    const hyalite_response framed = {sizeof framed, 200, &(hyalite_field){text("Content-Length"), text("1")}, 1, text("x"), text("")};
    const hyalite_response response = {sizeof response, 418, &field, 1, text("short and stout\n"), text("it asked for it")};
    did(self, "  framed %d", http->respond(exchange, &framed));
    did(self, "  respond %d", http->respond(exchange, &response));
    return HYALITE_FINAL;
  } else if (does(state, "reset")) {
    did(self, "  reset %d", http->reset(exchange, text("it asked for it")));
    return HYALITE_FINAL;
  } else if (does(state, "redirect")) {
    const hyalite_address to = {.family = 4, .port = 8080, .bytes = {192, 0, 2, 77}};
    did(self, "  redirect %d", http->redirect_upstream(exchange, &to, text("it asked for it")));
  } else if (does(state, "timer") || does(state, "work") || does(state, "post") || does(state, "cancel") || does(state, "deadline") || does(state, "fails")) {
    return waits(self, exchange, state);
  } else if (does(state, "tap")) {
    want(self, exchange, HYALITE_BODY_TAP, HYALITE_BODY_WANT_TRAILERS);
  } else if (does(state, "stream")) {
    want(self, exchange, HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE | HYALITE_BODY_WANT_TRAILERS);
  } else if (does(state, "full")) {
    want(self, exchange, HYALITE_BODY_FULL, 0);
  } else if (does(state, "peek")) {
    want(self, exchange, HYALITE_BODY_PEEK, 0);
  } else if (does(state, "decoded")) {
    want(self, exchange, HYALITE_BODY_STREAM, HYALITE_BODY_MAY_RESIZE | HYALITE_BODY_DECODED);
  } else if (does(state, "degrade")) {
    want_little(self, exchange, HYALITE_OVERFLOW_DEGRADE);
  } else if (does(state, "skip")) {
    want_little(self, exchange, HYALITE_OVERFLOW_SKIP);
  } else if (does(state, "reject")) {
    want_little(self, exchange, HYALITE_OVERFLOW_REJECT);
  } else if (does(state, "unknown")) {
    want_unknown(self, exchange);
    want(self, exchange, 77, 0);
    want(self, exchange, HYALITE_BODY_TAP, 1u << 30);
  } else if (does(state, "ignore")) {
    return HYALITE_IGNORE;
  } else if (does(state, "error")) {
    return HYALITE_ERROR;
  }
  return HYALITE_CONTINUE;
}

static hyalite_verdict resume_exchange(void* instance, hyalite_exchange* exchange, void* memory, const hyalite_resumption* resumption) {
  everything* self = instance;
  exchange_memory* state = memory;
  hook(self, NULL, "resume_exchange");
  did(self, "  status %d hook %u mine %d again %d cancel %d", resumption->status, resumption->hook, resumption->pause == state->pause,
      self->async->resume(self->host, state->pause), self->async->cancel(self->host, state->pause));
  did(self, "  window %d subject %d direction %u", resumption->window != NULL, resumption->subject != NULL, resumption->direction);
  did(self, "  set %d", self->http->header_set(exchange, HYALITE_PART_REQUEST, 0, text("X-Resumed"), text("yes"), HYALITE_SET_REPLACE));
  return HYALITE_CONTINUE;
}

static hyalite_verdict some_body(everything* self, hyalite_exchange* exchange, exchange_memory* state, hyalite_window* window,
                                 const hyalite_window_view* view, const char* name, hyalite_part part) {
  hook(self, NULL, name);
  ++state->bodies;
  edit(self, window, view);
  if (does(state, "full"))
    did(self, "  set %d", self->http->header_set(exchange, part, 0, text("X-Whole"), text("yes"), HYALITE_SET_REPLACE));
  return HYALITE_CONTINUE;
}
static hyalite_verdict request_body(void* instance, hyalite_exchange* exchange, void* state, hyalite_window* window, const hyalite_window_view* view) {
  return some_body(instance, exchange, state, window, view, "request_body", HYALITE_PART_REQUEST);
}
static hyalite_verdict response_body(void* instance, hyalite_exchange* exchange, void* state, hyalite_window* window, const hyalite_window_view* view) {
  return some_body(instance, exchange, state, window, view, "response_body", HYALITE_PART_RESPONSE);
}

static hyalite_verdict some_trailers(everything* self, hyalite_exchange* exchange, const hyalite_headers* headers, const char* name, hyalite_part part) {
  hook(self, NULL, name);
  tell_headers(self, headers);
  did(self, "  set %d", self->http->header_set(exchange, part, 0, text("X-Trailer"), text("added"), HYALITE_SET_REPLACE));
  return HYALITE_CONTINUE;
}
static hyalite_verdict request_trailers(void* instance, hyalite_exchange* exchange, void* state, const hyalite_headers* headers) {
  (void)state;
  return some_trailers(instance, exchange, headers, "request_trailers", HYALITE_PART_REQUEST_TRAILERS);
}
static hyalite_verdict response_trailers(void* instance, hyalite_exchange* exchange, void* state, const hyalite_headers* headers) {
  (void)state;
  return some_trailers(instance, exchange, headers, "response_trailers", HYALITE_PART_RESPONSE_TRAILERS);
}

static hyalite_verdict request_end(void* instance, hyalite_exchange* exchange, void* state) {
  (void)exchange;
  (void)state;
  hook(instance, NULL, "request_end");
  return HYALITE_CONTINUE;
}

static hyalite_verdict response_info(void* instance, hyalite_exchange* exchange, void* state, uint32_t status, const hyalite_headers* headers) {
  everything* self = instance;
  (void)state;
  hook(self, NULL, "response_info");
  did(self, "  status %u set %d", status, self->http->header_set(exchange, HYALITE_PART_INFO, 0, text("X-Info"), text("seen"), HYALITE_SET_REPLACE));
  tell_headers(self, headers);
  if (status == 102) did(self, "  drop %d", self->http->drop_info(exchange));
  return HYALITE_CONTINUE;
}

static hyalite_verdict response_head(void* instance, hyalite_exchange* exchange, void* memory, const hyalite_headers* headers) {
  everything* self = instance;
  exchange_memory* state = memory;
  hook(self, NULL, "response_head");
  const hyalite_response_line* line = self->http->response_line(exchange);
  did(self, "  %u version %u.%u '%.*s'", line->status, line->version_major, line->version_minor, BYTES(line->reason));
  tell_headers(self, headers);
  if (does(state, "edit")) {
    edit_head(self, exchange, headers, HYALITE_PART_RESPONSE);
    did(self, "  status %d %d", self->http->set_status(exchange, 203, text("Edited")), self->http->set_status(exchange, 204, text("Empty")));
    did(self, "  late %d", self->http->set_method(exchange, text("PUT")));
  }
  return HYALITE_CONTINUE;
}

static hyalite_verdict response_end(void* instance, hyalite_exchange* exchange, void* state) {
  (void)exchange;
  (void)state;
  hook(instance, NULL, "response_end");
  return HYALITE_CONTINUE;
}

static hyalite_verdict tunnel_open(void* instance, hyalite_exchange* exchange, void* state, uint32_t kind) {
  everything* self = instance;
  (void)state;
  hook(self, NULL, "tunnel_open");
  const hyalite_body_options stream = {.size = sizeof stream, .mode = HYALITE_BODY_STREAM, .flags = HYALITE_BODY_MAY_RESIZE};
  did(self, "  kind %u interest %d", kind, self->flow->stream_interest(self->http->flow(exchange), HYALITE_RESPONSE, &stream));
  return HYALITE_CONTINUE;
}

static hyalite_verdict exchange_end(void* instance, hyalite_exchange* exchange, void* memory, const hyalite_exchange_summary* s) {
  everything* self = instance;
  exchange_memory* state = memory;
  char a[64];
  hyalite_bytes value = {NULL, 0};
  hyalite_field note = {{NULL, 0}, {NULL, 0}};
  hook(self, NULL, "exchange_end");
  did(self, "  end %u status %u upstream %u request %" PRIu64 " %" PRIu64 " response %" PRIu64 " %" PRIu64 " content %" PRIu64 " %" PRIu64 " to %s", s->end,
      s->status, s->upstream_status, s->from_client, s->to_upstream, s->from_upstream, s->to_client, s->request_content, s->response_content,
      address(&s->upstream, a, sizeof a));
  did(self, "  head %d connected %d sent %d answered %d", s->request_head >= 0, s->connected >= 0, s->request_sent >= 0, s->response_head >= 0);
  did(self, "  started %d took %d reason '%.*s' by '%.*s' '%.*s' bodies %u", s->started_at > 0, s->duration >= 0, BYTES(s->reason), BYTES(s->decided_by),
      BYTES(s->decision_reason), state->bodies);
  tell_findings(self, NULL, exchange);
  const hyalite_status got = self->notes->get(exchange, self->seen, &value);
  const hyalite_status at = self->notes->at(exchange, 0, &note);
  did(self, "  note %d '%.*s' at %d '%.*s' unwritten %d", got, BYTES(value), at, BYTES(note.name), self->notes->at(exchange, 1, &note));
  return HYALITE_CONTINUE;
}

/* ---- the tables ---- */

static const void* get_interface(const char* id) {
  static const hyalite_state_hooks states = {sizeof states, 0, sizeof(flow_memory), sizeof(exchange_memory), flow_init, flow_fini, exchange_init, exchange_fini};
  static const hyalite_flow_hooks flows = {sizeof flows, 0, flow_open, protocol, upstream_connect, flow_close};
  static const hyalite_stream_hooks streams = {sizeof streams, 0, data};
  static const hyalite_async_hooks resumed = {sizeof resumed, 0, resume_flow, resume_exchange};
  static const hyalite_http_hooks https = {sizeof https,  0,         request_head,  request_body, request_trailers, request_end,  response_info,
                                           response_head, response_body, response_trailers, response_end, tunnel_open,  exchange_end};
  if (strcmp(id, HYALITE_STATE_ID) == 0) return &states;
  if (strcmp(id, HYALITE_FLOW_ID) == 0) return &flows;
  if (strcmp(id, HYALITE_STREAM_ID) == 0) return &streams;
  if (strcmp(id, HYALITE_ASYNC_ID) == 0) return &resumed;
  if (strcmp(id, HYALITE_HTTP_ID) == 0) return &https;
  return NULL;
}

static const char schema[] =
    "{\"type\": \"object\", \"additionalProperties\": false, \"properties\": {\"greeting\": {\"type\": \"string\"}, \"times\": {\"type\": \"integer\"},"
    " \"ratio\": {\"type\": \"number\"}, \"loud\": {\"type\": \"boolean\"}, \"list\": {\"type\": \"array\"}, \"map\": {\"type\": \"object\"}, \"wrong\": {}}}";

HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry(void);
const hyalite_descriptor* hyalite_plugin_entry(void) {
  static const hyalite_descriptor descriptor = {
      .magic = HYALITE_DESCRIPTOR_MAGIC,
      .abi_major = HYALITE_ABI_MAJOR,
      .abi_minor = HYALITE_ABI_MINOR,
      .size = sizeof descriptor,
      .id = "conformance-c",
      .version = "1.0.0",
      .summary = "Calls everything and says what came of it",
      .license = "MIT",
      .settings_schema = schema,
      .get_interface = get_interface,
      .validate = validate,
      .create = create,
      .start = start,
      .tick = tick,
      .reopen = reopen,
      .drain = drain,
      .stop = stop,
      .destroy = destroy,
  };
  return &descriptor;
}
