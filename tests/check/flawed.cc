// A plugin with the one flaw that HYALITE_FLAW names: each is what `hyalite plugin check` must find. SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <string_view>
#include <thread>

#include "flaws.h"

HYALITE_NOTE("flawed", "1.0.0", "MIT");

bool has_flaw(std::string_view name) {
  static const char* const flaw = std::getenv("HYALITE_FLAW");
  return flaw != nullptr && name == flaw;
}

namespace {

[[noreturn]] void wait_for_ever() {
  for (;;) ::pause();
}
void sleep_a_little() {
  const timespec little{0, 1'000'000};
  ::nanosleep(&little, nullptr);
}
std::thread& stray() {
  static std::thread* const thread = new std::thread([] { wait_for_ever(); });
  return *thread;
}

// ---- when it is loaded
__attribute__((constructor)) void on_load() {
  if (has_flaw("crash at load")) std::abort();
  if (has_flaw("exit at load")) ::_exit(3);
  if (has_flaw("thread at load")) stray();
  if (has_flaw("descriptor at load")) (void)!::open("/dev/null", O_RDONLY);
  if (has_flaw("locale at load")) std::setlocale(LC_ALL, "C.UTF-8");
  if (has_flaw("umask at load")) ::umask(0777);
  if (has_flaw("environment at load")) ::setenv("FLAWED", "yes", 1);
  if (has_flaw("directory at load")) (void)!::chdir("/");
  if (has_flaw("signal at load")) std::signal(SIGUSR1, SIG_IGN);
}

struct Flawed {
  const hyalite_host* host;
  const hyalite_host_http* http;
  const hyalite_host_body* body;
  const hyalite_host_async* async;
  char method[16];    // of the last request, whosever it is
  int seen;           // requests
  hyalite_ref pause;  // the last one
};
int of_all_instances = 0;

struct State {
  char* page;        // made when a response comes
  const char* answer;  // what a service said
};

Flawed& self(void* instance) { return *static_cast<Flawed*>(instance); }

void settle_on_settings(const hyalite_host* host) {
  const auto* settings = static_cast<const hyalite_host_settings*>(host->get_interface(host, HYALITE_HOST_SETTINGS_ID));
  const hyalite_value* list = settings->find(host, settings->root(host), text("list"));
  // Takes it that there is one, and that it holds a text.
  hyalite_bytes first{};
  const hyalite_value* item = list == nullptr ? nullptr : settings->item(host, list, 0, nullptr);
  if (item == nullptr || settings->text(host, item, &first) != HYALITE_OK) std::abort();
}

hyalite_status create(const hyalite_host* host, void** instance) {
  if (has_flaw("crash on settings")) settle_on_settings(host);
  if (has_flaw("refuses to be created")) return HYALITE_E_FAILED;
  if (has_flaw("thread in create")) stray();
  if (has_flaw("descriptor in create")) (void)!::open("/dev/zero", O_RDONLY);
  if (has_flaw("process in create") && ::fork() == 0) wait_for_ever();
  auto* made = new Flawed{};
  made->host = host;
  made->http = static_cast<const hyalite_host_http*>(host->get_interface(host, HYALITE_HOST_HTTP_ID));
  made->body = static_cast<const hyalite_host_body*>(host->get_interface(host, HYALITE_HOST_BODY_ID));
  made->async = static_cast<const hyalite_host_async*>(host->get_interface(host, HYALITE_HOST_ASYNC_ID));
  take_more_tables(host);
  // Without any of them it could do nothing; but what each of them has is not looked at.
  const bool whole = made->http != nullptr && made->body != nullptr && made->async != nullptr;
  if (!whole && !has_flaw("needs every table")) return delete made, HYALITE_E_UNSUPPORTED;
  *instance = made;
  return HYALITE_OK;
}
void destroy(void* instance) {
  if (!has_flaw("leak in create")) delete &self(instance);
}
hyalite_status start(void*, const hyalite_worker*) {
  if (has_flaw("thread after stop")) stray();
  return has_flaw("does not start") ? HYALITE_E_FAILED : HYALITE_OK;
}

void interest(Flawed& plugin, hyalite_exchange* exchange) {
  hyalite_body_options options{};
  options.size = sizeof options;
  options.mode = HYALITE_BODY_STREAM;
  options.flags = HYALITE_BODY_MAY_RESIZE;
  if (HYALITE_HAS(plugin.http, body_interest)) plugin.http->body_interest(exchange, HYALITE_RESPONSE, &options);
}

void set(Flawed& plugin, hyalite_exchange* exchange, hyalite_part part, const char* name, hyalite_bytes value) {
  if (HYALITE_HAS(plugin.http, header_set)) plugin.http->header_set(exchange, part, 0, text(name), value, HYALITE_SET_REPLACE);
}

void hear(void* instance, hyalite_ref, void* user, const hyalite_fetch_result* result) {
  // Takes it that there is always an answer.
  if (result->header_count == 0) std::abort();
  static_cast<State*>(user)->answer = "fine";
  self(instance).async->resume(self(instance).host, self(instance).pause);
}

hyalite_verdict wait(Flawed& plugin, hyalite_exchange* exchange, State* state, bool asks) {
  const hyalite_pause_options options{sizeof options, HYALITE_DEADLINE_FAILS, 1'000'000'000};
  if (plugin.async->pause_exchange(exchange, &options, &plugin.pause) != HYALITE_OK) return HYALITE_ERROR;
  if (!asks) return HYALITE_PAUSE;
  hyalite_fetch fetch{};
  fetch.size = sizeof fetch;
  fetch.service = text("any");
  fetch.target = text("/");
  fetch.exchange = exchange;
  hyalite_ref ref = 0;
  const auto* services = static_cast<const hyalite_host_fetch*>(plugin.host->get_interface(plugin.host, HYALITE_HOST_FETCH_ID));
  return HYALITE_HAS(services, fetch) && services->fetch(plugin.host, &fetch, &hear, state, &ref) == HYALITE_OK ? HYALITE_PAUSE : HYALITE_ERROR;
}

std::size_t longest_value(const hyalite_headers* headers, bool by_index) {
  std::size_t most = 0;
  for (std::uint32_t i = 0; i < headers->count; ++i) {
    const hyalite_header* one = by_index ? &headers->items[i] : hyalite_header_at(headers, i);
    std::size_t sum = 0;
    for (const char c : view(one->value)) sum += static_cast<unsigned char>(c) > ' ' ? 1u : 0u;
    most = std::max(most, sum);
  }
  return most;
}

// Looks at each byte again for each byte.
void look_often(const hyalite_headers* headers) {
  static volatile unsigned sum = 0;
  for (std::uint32_t i = 0; i < headers->count; ++i) {
    const std::string_view value = view(hyalite_header_at(headers, i)->value);
    for (std::size_t a = 0; a < value.size(); ++a) {
      for (std::size_t b = 0; b < value.size(); b += 16) sum = sum + static_cast<unsigned char>(value[b]);
    }
  }
}

hyalite_verdict request_head(void* instance, hyalite_exchange* exchange, void* state_, const hyalite_headers* headers) {
  Flawed& plugin = self(instance);
  auto* state = static_cast<State*>(state_);
  const hyalite_host_http& http = *plugin.http;
  ++plugin.seen;
  if (has_flaw("crash")) std::abort();
  if (has_flaw("exit")) ::_exit(0);
  if (has_flaw("hang")) wait_for_ever();
  if (has_flaw("endless loop")) {
    for (volatile bool on = true; on;) {
    }
  }
  if (has_flaw("fails")) return HYALITE_ERROR;
  if (has_flaw("unknown verdict")) return 77;
  if (has_flaw("final without decision")) return HYALITE_FINAL;
  if (has_flaw("exception")) throw std::runtime_error("thrown on purpose");
  if (has_flaw("prints")) std::puts("a line of its own");
  if (has_flaw("wrong hook")) http.drop_info(exchange);
  if (has_flaw("sleeps")) sleep_a_little();
  if (has_flaw("opens a file")) ::close(::open("/dev/null", O_RDONLY));
  if (has_flaw("pauses for ever")) return wait(plugin, exchange, state, false);
  if (has_flaw("trusts services")) return wait(plugin, exchange, state, true);
  if (has_flaw("needs every table")) http.number(exchange);
  if (has_flaw("reads past tables")) http.add_finding(exchange, text("seen"), text(""));
  if (has_flaw("ignores stride")) {
    [[maybe_unused]] volatile std::size_t longest = longest_value(headers, true);  // or the compiler leaves it out
  }
  if (has_flaw("grows")) look_often(headers);
  if (has_flaw("leaks")) static_cast<char*>(std::malloc(100))[0] = 'x';
  if (has_flaw("leaves descriptors")) (void)!::open("/dev/null", O_RDONLY);
  if (has_flaw("leaves a descriptor now and then") && plugin.seen % 500 == 0) (void)!::open("/dev/null", O_RDONLY);
  if (has_flaw("opens its log late") && plugin.seen == 500) (void)!::open("/dev/null", O_RDONLY);
  if (has_flaw("shared by instances")) {
    if (plugin.seen > 3) ++of_all_instances;
    if (of_all_instances > 5 && plugin.seen < 5) set(plugin, exchange, HYALITE_PART_REQUEST, "X-Seen", text("by another"));
  }
  if (has_flaw("trusts lengths") && view(http.request_line(exchange)->target).size() > 500) std::abort();
  if (has_flaw("needs memory")) {
    static char* volatile room = nullptr;
    room = static_cast<char*>(std::malloc(64));
    room[0] = 'x';
    std::free(room);
  }
  if (has_flaw("ignores statuses")) {
    const hyalite_response page{sizeof page, 403, nullptr, 0, text("no\n"), text("because")};
    http.respond(exchange, &page);
    return HYALITE_FINAL;
  }
  if (has_flaw("mixes flows up")) std::snprintf(plugin.method, sizeof plugin.method, "%.*s", static_cast<int>(std::min<std::size_t>(http.request_line(exchange)->method.size, 15)), http.request_line(exchange)->method.data);
  if (has_flaw("misses what is cut")) interest(plugin, exchange);
  return more_of_request_head(exchange).value_or(HYALITE_CONTINUE);
}

hyalite_verdict response_head(void* instance, hyalite_exchange* exchange, void* state_, const hyalite_headers*) {
  Flawed& plugin = self(instance);
  auto* state = static_cast<State*>(state_);
  if (has_flaw("trusts the end")) state->page = strdup("a page");
  if (has_flaw("mixes flows up")) set(plugin, exchange, HYALITE_PART_RESPONSE, "X-Method", text(plugin.method));
  return HYALITE_CONTINUE;
}

// Finds it only where it lies in one window.
hyalite_verdict response_body(void* instance, hyalite_exchange*, void*, hyalite_window* window, const hyalite_window_view* view) {
  const hyalite_host_body& body = *self(instance).body;
  for (std::size_t i = 0; i < view->segment_count; ++i) {
    const std::string_view bytes(view->segments[i].data, view->segments[i].size);
    if (const auto at = bytes.find("Hello"); i == 0 && at != bytes.npos && HYALITE_HAS(&body, write)) {
      body.pass(window, at);
      body.drop(window, 5);
      body.write(window, text("Bye"));
    }
  }
  return HYALITE_CONTINUE;
}

hyalite_verdict exchange_end(void*, hyalite_exchange*, void* state_, const hyalite_exchange_summary*) {
  auto* state = static_cast<State*>(state_);
  if (has_flaw("trusts the end") && state->page[0] != 'a') std::abort();
  std::free(state->page);
  state->page = nullptr;
  return HYALITE_CONTINUE;
}

hyalite_verdict protocol(void*, hyalite_flow*, void*, std::uint32_t what) {
  if (has_flaw("knows all protocols") && what > HYALITE_PROTOCOL_HTTP2) std::abort();
  return HYALITE_CONTINUE;
}

hyalite_verdict resume_exchange(void*, hyalite_exchange*, void* state_, const hyalite_resumption*) {
  return static_cast<State*>(state_)->answer != nullptr ? hyalite_verdict{HYALITE_CONTINUE} : hyalite_verdict{HYALITE_ERROR};
}

const void* get_interface(const char* id) {
  static const hyalite_http_hooks http = [] {
    hyalite_http_hooks hooks{};
    hooks.size = has_flaw("table of an odd size") ? 8'192 : sizeof hooks;
    hooks.request_head = request_head;
    hooks.response_head = response_head;
    hooks.response_body = response_body;
    hooks.exchange_end = exchange_end;
    return hooks;
  }();
  static const hyalite_flow_hooks flow = {sizeof flow, 0, nullptr, protocol, nullptr, nullptr};
  static const hyalite_state_hooks state = {sizeof state, 0, 0, sizeof(State), nullptr, nullptr, nullptr, nullptr};
  static const hyalite_async_hooks async = {sizeof async, 0, nullptr, resume_exchange};
  const std::string_view wanted = id;
  if (has_flaw("any id") ? wanted.starts_with("hyalite.http") : wanted == HYALITE_HTTP_ID) return &http;
  if (wanted == HYALITE_FLOW_ID) return &flow;
  if (wanted == HYALITE_STATE_ID) return &state;
  return wanted == HYALITE_ASYNC_ID ? &async : more_hooks(wanted);
}

}  // namespace

extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry() {
  static const hyalite_descriptor descriptor = [] {
    hyalite_descriptor made{};
    made.magic = HYALITE_DESCRIPTOR_MAGIC;
    made.abi_major = HYALITE_ABI_MAJOR;
    made.abi_minor = HYALITE_ABI_MINOR;
    made.size = sizeof made;
    made.id = "flawed";
    made.version = "1.0.0";
    made.summary = "Has one flaw";
    made.license = has_flaw("two licenses") ? "GPL-3.0-only" : "MIT";
    made.settings_schema = R"({"type":"object","properties":{"list":{"type":"array"}}})";
    made.get_interface = get_interface;
    made.create = create;
    made.start = start;
    made.destroy = destroy;
    return made;
  }();
  return &descriptor;
}
