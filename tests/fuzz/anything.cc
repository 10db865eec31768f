// A plugin that does anything: each of its hooks calls what a script of bytes says, with whatever arguments, and answers likewise.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.h>

#include <cstdlib>
#include <cstring>
#include <iterator>

#include "script.h"

HYALITE_NOTE("anything", "1.0.0", "MIT");

namespace {

using hyalite::Script;

struct Anything {
  const hyalite_host* host;
  const hyalite_host_http* http;
  const hyalite_host_body* body;
  const hyalite_host_flow* flow;
  const hyalite_host_async* async;
  Script* script;
  hyalite_ref last_pause;
};

Anything& self(void* instance) { return *static_cast<Anything*>(instance); }

hyalite_bytes bytes_of(const char* text) { return {text, std::strlen(text)}; }

// A word of these, or of the script's own.
hyalite_bytes word(Script& script) {
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

hyalite_body_options options(Script& script) {
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

hyalite_address address(Script& script) {
  hyalite_address to{};
  to.family = static_cast<std::uint8_t>(script.byte() % 8);
  to.port = static_cast<std::uint16_t>(script.byte());
  to.bytes[0] = 10;
  to.bytes[3] = static_cast<std::uint8_t>(script.byte());
  return to;
}

void respond(Anything& plugin, hyalite_exchange* exchange) {
  Script& script = *plugin.script;
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
  Script& script = *plugin.script;
  const hyalite_pause_options options = {sizeof options, script.byte() % 3, script.byte() * std::int64_t{1'000'000}};
  if (plugin.async->pause_exchange(exchange, &options, &plugin.last_pause) != HYALITE_OK) return false;
  if (script.byte() % 2 == 0) plugin.async->resume(plugin.host, plugin.last_pause);
  return true;
}

void about_exchange(Anything& plugin, hyalite_exchange* exchange) {
  Script& script = *plugin.script;
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
  Script& script = *plugin.script;
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
hyalite_verdict verdict(Script& script) {
  const unsigned n = script.byte();
  return n < 200 ? hyalite_verdict{HYALITE_CONTINUE} : n - 200;
}

hyalite_verdict act(void* instance, hyalite_exchange* exchange, hyalite_window* window = nullptr) {
  Anything& plugin = self(instance);
  Script& script = *plugin.script;
  bool pauses = false;
  for (unsigned n = script.byte() % 5; n > 0; --n) {
    const unsigned what = script.byte();
    if (window != nullptr && what % 2 == 0) {
      about_window(plugin, window);
    } else if (what % 8 == 1) {
      pauses = pause(plugin, exchange) || pauses;
    } else {
      about_exchange(plugin, exchange);
    }
  }
  const hyalite_verdict said = verdict(script);
  return pauses && said == HYALITE_CONTINUE ? hyalite_verdict{HYALITE_PAUSE} : said;
}

hyalite_verdict on_head(void* instance, hyalite_exchange* exchange, void*, const hyalite_headers*) { return act(instance, exchange); }
hyalite_verdict on_info(void* instance, hyalite_exchange* exchange, void*, std::uint32_t, const hyalite_headers*) { return act(instance, exchange); }
hyalite_verdict on_end(void* instance, hyalite_exchange* exchange, void*) { return act(instance, exchange); }
hyalite_verdict on_body(void* instance, hyalite_exchange* exchange, void*, hyalite_window* window, const hyalite_window_view*) {
  return act(instance, exchange, window);
}
hyalite_verdict on_tunnel(void* instance, hyalite_exchange* exchange, void*, std::uint32_t) { return act(instance, exchange); }
hyalite_verdict on_exchange_end(void* instance, hyalite_exchange* exchange, void*, const hyalite_exchange_summary*) {
  return act(instance, exchange);
}

hyalite_verdict on_resumed(void* instance, hyalite_exchange* exchange, void*, const hyalite_resumption* resumption) {
  return act(instance, exchange, resumption->window);
}

hyalite_status create(const hyalite_host* host, void** instance) {
  const char* address = std::getenv(hyalite::kScriptVariable);
  if (address == nullptr) return HYALITE_E_FAILED;
  auto* plugin = new Anything{};
  plugin->host = host;
  plugin->http = static_cast<const hyalite_host_http*>(host->get_interface(host, HYALITE_HOST_HTTP_ID));
  plugin->body = static_cast<const hyalite_host_body*>(host->get_interface(host, HYALITE_HOST_BODY_ID));
  plugin->flow = static_cast<const hyalite_host_flow*>(host->get_interface(host, HYALITE_HOST_FLOW_ID));
  plugin->async = static_cast<const hyalite_host_async*>(host->get_interface(host, HYALITE_HOST_ASYNC_ID));
  plugin->script = reinterpret_cast<Script*>(std::strtoull(address, nullptr, 10));
  *instance = plugin;
  return HYALITE_OK;
}

void destroy(void* instance) { delete &self(instance); }

const void* get_interface(const char* id) {
  static const hyalite_http_hooks hooks = {sizeof hooks, 0, on_head, on_body, on_head, on_end, on_info, on_head, on_body, on_head, on_end,
                                           on_tunnel, on_exchange_end};
  static const hyalite_async_hooks async = {sizeof async, 0, nullptr, on_resumed};
  if (std::strcmp(id, HYALITE_HTTP_ID) == 0) return &hooks;
  return std::strcmp(id, HYALITE_ASYNC_ID) == 0 ? &async : nullptr;
}

}  // namespace

extern "C" HYALITE_EXPORT const hyalite_descriptor* hyalite_plugin_entry() {
  static const hyalite_descriptor descriptor = [] {
    hyalite_descriptor made{};
    made.magic = HYALITE_DESCRIPTOR_MAGIC;
    made.abi_major = HYALITE_ABI_MAJOR;
    made.abi_minor = HYALITE_ABI_MINOR;
    made.size = sizeof made;
    made.id = "anything";
    made.version = "1.0.0";
    made.summary = "Does anything";
    made.license = "MIT";
    made.get_interface = get_interface;
    made.create = create;
    made.destroy = destroy;
    return made;
  }();
  return &descriptor;
}
