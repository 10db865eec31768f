// A plugin that does anything: each of its hooks calls what a script of bytes says, with whatever arguments, and answers likewise.
// SPDX-License-Identifier: MIT
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "script.h"
#include "tests/support/plain_plugin.h"

HYALITE_NOTE("anything", "1.0.0", "MIT");

namespace {

using namespace hyalite;

struct Anything {
  const hyalite_host* host;
  const hyalite_host_http* http;
  const hyalite_host_body* body;
  const hyalite_host_flow* flow;
  const hyalite_host_async* async;
  const hyalite_host_fetch* services;
  const hyalite_host_channel* channel;
  FuzzScript* script;
  hyalite_ref last_pause;
  hyalite_ref last_begun;

  static hyalite_verdict act(void* instance, hyalite_exchange* exchange, hyalite_window* window);
  static hyalite_verdict resumed(void* instance, hyalite_exchange* exchange, void*, const hyalite_resumption* resumption) {
    return act(instance, exchange, resumption->window);
  }
  static hyalite_http_hooks http_hooks() { return plain::Hooks<&act>::everywhere(); }
  static hyalite_status create(const hyalite_host* host, void** instance);
};

hyalite_bytes bytes_of(const char* text) { return {text, std::strlen(text)}; }

// A word of these, or of the script's own.
hyalite_bytes word(FuzzScript& script) {
  static constexpr const char* kWords[] = {
      "X-A", "Host", "Content-Length", "Transfer-Encoding", "Connection", "content_length", "Set-Cookie", "Expect", "Upgrade", "Trailer",
      "", "0", "5", "chunked", "close", "a.example", "1\r\nX-B: 2", "a b", " a", "POST", "GET", "HEAD", "CONNECT", "/", "*",
      "http://b.example/", "b.example:443", "/\t", "h\xc3\xa4"};
  const unsigned n = script.byte();
  if (n < std::size(kWords)) return bytes_of(kWords[n]);
  const std::size_t left = static_cast<std::size_t>(script.end - script.at);
  const hyalite_bytes own = {script.at, n % 32 < left ? n % 32 : left};
  script.at += own.size;
  return own;
}

hyalite_body_options options(FuzzScript& script) {
  hyalite_body_options options{};
  options.size = sizeof options;
  const unsigned n = script.byte();
  options.mode = n % 5;
  options.flags = n / 5 % 4;
  options.overflow = n / 20 % 4;
  options.cap = script.byte() * 3;
  options.keep_max = script.byte() % 16;
  return options;
}

hyalite_address address(FuzzScript& script) {
  hyalite_address to{};
  to.family = static_cast<std::uint8_t>(script.byte() % 8);
  to.port = static_cast<std::uint16_t>(script.byte());
  to.bytes[0] = 10;
  to.bytes[3] = static_cast<std::uint8_t>(script.byte());
  return to;
}

void respond(Anything& plugin, hyalite_exchange* exchange) {
  FuzzScript& script = *plugin.script;
  const hyalite_bytes name = word(script), value = word(script);
  const hyalite_field fields[] = {{name, value}, {bytes_of("X-Page"), word(script)}};
  hyalite_response response{};
  response.size = sizeof response;
  response.status = script.byte() * 3;
  response.headers = fields;
  response.header_count = script.byte() % 3;
  response.body = word(script);
  response.reason = word(script);
  plugin.http->respond(exchange, &response);
}

// True when the hook is to pause.
bool pause(Anything& plugin, hyalite_exchange* exchange) {
  FuzzScript& script = *plugin.script;
  const hyalite_pause_options options = {sizeof options, script.byte() % 3, script.byte() * std::int64_t{1'000'000}};
  if (plugin.async->pause_exchange(exchange, &options, &plugin.last_pause) != HYALITE_OK) return false;
  if (script.byte() % 2 == 0) plugin.async->resume(plugin.host, plugin.last_pause);
  return true;
}

// ---- what is under way: its end is told exactly once, and nothing afterwards

// One of them, from its beginning until its end was told.
struct Begun {
  Anything& plugin;
};

template <class Begin>
void begin(Anything& plugin, Begin begin) {
  auto* begun = new Begun{plugin};
  hyalite_ref ref = 0;
  if (begin(begun, &ref) != HYALITE_OK) return delete begun;
  ++plugin.script->under_way;
  plugin.last_begun = ref;
}

void over(Begun& begun) {
  --begun.plugin.script->under_way;
  delete &begun;  // told once more, it is a use of freed memory
}

void done(void*, hyalite_ref, void* user, hyalite_status) { over(*static_cast<Begun*>(user)); }
void fetched(void*, hyalite_ref, void* user, const hyalite_fetch_result*) { over(*static_cast<Begun*>(user)); }

void about_channel(Anything& plugin, hyalite_ref channel) {
  FuzzScript& script = *plugin.script;
  switch (script.byte() % 4) {
    case 0: plugin.channel->write(plugin.host, channel, word(script), script.byte() % 2); return;
    case 1: plugin.channel->receive(plugin.host, channel, script.byte() % 2); return;
    case 2: plugin.async->cancel(plugin.host, channel); return;
    default: return;
  }
}

void told(void*, hyalite_ref channel, void* user, const hyalite_channel_event* event) {
  Begun& begun = *static_cast<Begun*>(user);
  if (event->kind == HYALITE_CHANNEL_OVER) return over(begun);
  about_channel(begun.plugin, channel);
}

void ask(Anything& plugin, hyalite_exchange* exchange) {
  FuzzScript& script = *plugin.script;
  hyalite_fetch question{};
  question.size = sizeof question;
  question.service = bytes_of(script.byte() % 4 == 0 ? "nobody" : "asked");
  question.method = word(script);
  question.target = script.byte() % 2 == 0 ? bytes_of("/q") : word(script);
  question.body = word(script);
  question.exchange = exchange;
  begin(plugin, [&](Begun* begun, hyalite_ref* ref) { return plugin.services->fetch(plugin.host, &question, &fetched, begun, ref); });
}

void connect(Anything& plugin, hyalite_exchange* exchange) {
  const hyalite_connect what = {sizeof what, 0, bytes_of(plugin.script->byte() % 4 == 0 ? "asked" : "talked-to"), exchange};
  begin(plugin, [&](Begun* begun, hyalite_ref* ref) { return plugin.channel->connect(plugin.host, &what, &told, begun, ref); });
}

void answer_in_a_stream(Anything& plugin, hyalite_exchange* exchange) {
  FuzzScript& script = *plugin.script;
  const hyalite_field field = {word(script), word(script)};
  hyalite_response head{};
  head.size = sizeof head;
  head.status = script.byte() * 3;
  head.headers = &field;
  head.header_count = script.byte() % 2;
  head.body = word(script);
  begin(plugin, [&](Begun* begun, hyalite_ref* ref) { return plugin.channel->respond_stream(exchange, &head, &told, begun, ref); });
}

void begin_something(Anything& plugin, hyalite_exchange* exchange) {
  FuzzScript& script = *plugin.script;
  switch (script.byte() % 6) {
    case 0: ask(plugin, exchange); return;
    case 1: connect(plugin, exchange); return;
    case 2: answer_in_a_stream(plugin, exchange); return;
    case 3: {
      const std::int64_t after = script.byte() * std::int64_t{1'000'000};
      begin(plugin, [&](Begun* begun, hyalite_ref* ref) { return plugin.async->timer(plugin.host, after, 0, &done, begun, ref); });
      return;
    }
    case 4: about_channel(plugin, plugin.last_begun); return;
    default: plugin.async->cancel(plugin.host, plugin.last_begun + (script.byte() == 1 ? 1 : 0)); return;
  }
}

// ---- what may be done now

void about_exchange(Anything& plugin, hyalite_exchange* exchange) {
  FuzzScript& script = *plugin.script;
  const hyalite_host_http& http = *plugin.http;
  const unsigned what = script.byte();
  const hyalite_part part = script.byte() % 6;
  switch (what % 17) {
    case 0:
    case 1: {
      const auto id = static_cast<std::uint16_t>(what / 17 == 0 ? 0 : script.byte());
      const hyalite_bytes name = word(script);
      http.header_set(exchange, part, id, name, word(script), script.byte() % 4);
      return;
    }
    case 2: {
      const hyalite_headers* view = http.headers(exchange, part);
      http.header_set_at(exchange, part, script.byte() % 8, (view != nullptr ? view->generation : 0) + (script.byte() == 1 ? 1 : 0), word(script));
      return;
    }
    case 3: http.header_remove(exchange, part, static_cast<std::uint16_t>(script.byte() % 80), word(script)); return;
    case 4: http.set_method(exchange, word(script)); return;
    case 5: http.set_target(exchange, word(script)); return;
    case 6: http.set_status(exchange, script.byte() * 3, word(script)); return;
    case 7:
    case 8: {
      const hyalite_body_options wanted = options(script);
      http.body_interest(exchange, part % 3, &wanted);
      return;
    }
    case 9: respond(plugin, exchange); return;
    case 10: http.reset(exchange, word(script)); return;
    case 11: {
      const hyalite_address to = address(script);
      http.redirect_upstream(exchange, &to, word(script));
      return;
    }
    case 12: http.drop_info(exchange); return;
    case 13: http.add_finding(exchange, word(script), word(script)); return;
    case 14: {
      hyalite_flow* flow = http.flow(exchange);
      const hyalite_body_options wanted = options(script);
      plugin.flow->stream_interest(flow, part % 3, &wanted);
      return;
    }
    case 15: plugin.async->resume(plugin.host, plugin.last_pause + (script.byte() == 1 ? 1 : 0)); return;
    default: {
      hyalite_finding finding{};
      finding.size = sizeof finding;
      http.finding(exchange, script.byte(), &finding);
      http.request_line(exchange);
      http.response_line(exchange);
      return;
    }
  }
}

void about_window(Anything& plugin, hyalite_window* window) {
  FuzzScript& script = *plugin.script;
  const hyalite_host_body& body = *plugin.body;
  switch (script.byte() % 5) {
    case 0: body.pass(window, script.byte()); return;
    case 1: body.drop(window, script.byte()); return;
    case 2: body.write(window, word(script)); return;
    case 3: body.keep(window, script.byte() % 24); return;
    default: {
      hyalite_bytes flat{};
      body.flat(window, script.byte() % 8, script.byte(), &flat);
      return;
    }
  }
}

// Mostly goes on, so that what comes after is reached.
hyalite_verdict verdict(FuzzScript& script) {
  const unsigned n = script.byte();
  return n < 200 ? hyalite_verdict{HYALITE_CONTINUE} : n - 200;
}

hyalite_verdict Anything::act(void* instance, hyalite_exchange* exchange, hyalite_window* window) {
  Anything& plugin = *static_cast<Anything*>(instance);
  FuzzScript& script = *plugin.script;
  bool pauses = false;
  for (unsigned n = script.byte() % 5; n > 0; --n) {
    const unsigned what = script.byte();
    if (window != nullptr && what % 2 == 0) {
      about_window(plugin, window);
    } else if (what % 8 == 1) {
      pauses = pause(plugin, exchange) || pauses;
    } else if (what % 8 == 3) {
      begin_something(plugin, exchange);
    } else {
      about_exchange(plugin, exchange);
    }
  }
  const hyalite_verdict said = verdict(script);
  return pauses && said == HYALITE_CONTINUE ? hyalite_verdict{HYALITE_PAUSE} : said;
}

hyalite_status Anything::create(const hyalite_host* host, void** instance) {
  const char* address = std::getenv(kScriptVariable);
  if (address == nullptr) return HYALITE_E_FAILED;
  auto* plugin = new Anything{};
  plugin->host = host;
  plugin->http = plain::table<hyalite_host_http>(host, HYALITE_HOST_HTTP_ID);
  plugin->body = plain::table<hyalite_host_body>(host, HYALITE_HOST_BODY_ID);
  plugin->flow = plain::table<hyalite_host_flow>(host, HYALITE_HOST_FLOW_ID);
  plugin->async = plain::table<hyalite_host_async>(host, HYALITE_HOST_ASYNC_ID);
  plugin->services = plain::table<hyalite_host_fetch>(host, HYALITE_HOST_FETCH_ID);
  plugin->channel = plain::table<hyalite_host_channel>(host, HYALITE_HOST_CHANNEL_ID);
  plugin->script = reinterpret_cast<FuzzScript*>(std::strtoull(address, nullptr, 10));
  *instance = plugin;
  return HYALITE_OK;
}

}  // namespace

extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry() { return plain::descriptor<Anything>("anything"); }
