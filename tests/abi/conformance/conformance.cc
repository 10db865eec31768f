// conformance PLUGIN.so: what a plugin of plain.c's kind does in a set of conversations, as text that is the same each time.
// The engine is the real one, through the harness that third parties use. SPDX-License-Identifier: MIT
#include <hyalite/testing.hpp>

#include <iostream>
#include <string>

using namespace hyalite::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kSettings =
    "greeting: hello\ntimes: 3\nratio: 0.5\nloud: true\nlist: [ 1, two ]\nmap: { deep: { deeper: 1 } }";

std::string visible(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\r') out += "\\r";
    else if (c == '\n') out += "\\n\n    ";
    else if (c >= ' ' && c <= '~') out += c;
    else out += std::string("\\x") + "0123456789abcdef"[static_cast<unsigned char>(c) >> 4] + "0123456789abcdef"[c & 15];
  }
  return out;
}

// How a page of the proxy's own looks is nobody's promise.
std::string to_client(const Talk& talk) {
  const std::string text = talk.to_client();
  const bool is_ours = text.find("<!DOCTYPE html>") != std::string::npos;
  return visible(is_ours ? text.substr(0, text.find('\r')) + " (a page)" : text);
}

// The plugin's own lines: what stands around them may look otherwise one day.
std::string said(const std::string& log) {
  std::string out;
  for (std::size_t at = log.find("did: "); at != std::string::npos; at = log.find("did: ", at + 1)) {
    std::string line = log.substr(at + 5, log.find('\n', at) - at - 5);
    if (!line.empty() && line.back() == '"') line.pop_back();
    out += "  " + line + "\n";
  }
  return out;
}

void tell(const Talk& talk) {
  std::cout << "  to upstream (" << talk.connected_to() << "):\n    " << visible(talk.to_upstream()) << "\n  to client:\n    " << to_client(talk)
            << "\n  client " << (talk.over() ? talk.client_was_reset() ? "reset" : "over" : "open") << "\n";
  for (const Ended& ended : talk.ended()) {
    std::cout << "  ended " << ended.end << " " << ended.status << " '" << ended.reason << "' by '" << ended.decided_by << "' '" << ended.decision_reason << "'\n";
  }
}

class Conversations {
 public:
  explicit Conversations(std::string plugin) : plugin_(std::move(plugin)) {}

  // A bench of its own for each, so that one that goes otherwise does not move the others.
  template <class Go>
  void hold(const std::string& title, Go go, const Client& client = {}, const std::string& settings = std::string(kSettings)) {
    std::cout << "== " << title << "\n";
    Bench bench(Plugin{plugin_, settings, "conformance", "grants: { pass_through: true, redirect_upstream: true }"});
    if (!bench) {
      const std::string why = bench.mistakes();
      std::cout << "  refused: " << why.substr(why.find("this is wrong") == std::string::npos ? 0 : why.find("this is wrong")) << "\n";
      failed_ = failed_ || settings == kSettings;
      return;
    }
    {
      Talk talk(bench, client);
      go(bench, talk);
      if (!talk.over()) talk.client_ends();
      if (!talk.over()) talk.cut_off();
      tell(talk);
    }
    bench.reopen();
    bench.drain();
    std::cout << said(bench.log()) << "  counted " << bench.count("conformance_hooks_total", "conformance") << " workers "
              << bench.count("conformance_workers", "conformance") << "\n";
  }

  // The usual exchange, with that wish.
  void exchange(const std::string& wish, const std::string& body = "", const std::string& answer = response(200, "hello\n", {{"X-Old", "yes"}})) {
    hold(wish, [&](Bench& bench, Talk& talk) {
      talk.client(request(body.empty() ? "GET" : "POST", "/a?b=c", {{"X-Do", wish}, {"X-Old", "1"}, {"x-old", "2"}, {"Via", "1.0 before"}}, body));
      if (wish == "work" || wish == "post") bench.wait_until([&] { return talk.connected(); });
      bench.advance(3s);
      talk.upstream(answer);
    });
  }

  bool failed() const { return failed_; }

 private:
  std::string plugin_;
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  Conversations all(argv[1]);
  for (const char* wish : {"nothing", "edit", "respond", "reset", "redirect", "timer", "deadline", "fails", "work", "post", "cancel", "unknown", "ignore", "error"}) all.exchange(wish);
  for (const char* wish : {"tap", "stream", "full", "peek"}) all.exchange(wish, "0123456789", chunked_response(200, {"abcdefg", "hij"}, {}, {{"X-Sum", "1"}}));
  for (const char* wish : {"degrade", "skip", "reject"}) all.exchange(wish);
  // "hello, coded\n", by gzip.
  const std::string coded("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\xd7\x51\x48\xce\x4f\x49\x4d\xe1\x02\x00\x12\x07\xc0\x16\x0d\x00\x00\x00", 33);
  all.exchange("decoded", "0123456789", response(200, coded, {{"Content-Encoding", "gzip"}, {"ETag", "\"strong\""}}));
  all.hold("TLS that passes", [](Bench&, Talk& talk) {
    talk.client_hello("h.example");
    talk.upstream("an answer");
    talk.client_ends();
    talk.upstream_ends();
  });
  all.hold("interim responses", [](Bench&, Talk& talk) {
    talk.client(request("GET", "/", {{"X-Do", "info"}}));
    talk.upstream("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + response(204));
  });
  all.hold("a tunnel", [](Bench&, Talk& talk) {
    talk.client("GET /raw HTTP/1.1\r\nHost: h.example\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n");
    talk.upstream("HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n");
    talk.client("client says");
    talk.upstream("server says");
    talk.upstream_ends();
  });
  all.hold("something else than HTTP", [](Bench&, Talk& talk) {
    talk.client("\x01\x02neither\n");
    talk.upstream("nor\n");
    talk.client_ends();
    talk.upstream_ends();
  });
  all.hold("a request that is refused", [](Bench&, Talk& talk) { talk.client("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"); });
  all.hold("an upstream that breaks", [](Bench&, Talk& talk) {
    talk.client(request("GET", "/"));
    talk.upstream("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    talk.upstream_breaks();
  });
  for (const char* port : {"81", "82", "83", "84"}) {
    Client client;
    client.destination = std::string("198.51.100.1:") + port;
    all.hold(std::string("port ") + port, [](Bench& bench, Talk& talk) {
      talk.client(request("GET", "/"));
      bench.advance(2s);
      talk.upstream(response(200, "hello\n"));
    }, client);
  }
  Client six;
  six.address = "[2001:db8::7]:40000";
  six.destination = "[2001:db8::1]:80";
  all.hold("IPv6", [](Bench&, Talk& talk) {
    talk.client(request("GET", "/"));
    talk.upstream(response(200, "hello\n"));
  }, six);
  all.hold("settings that the plugin refuses", [](Bench&, Talk&) {}, {}, "wrong: true");
  return all.failed() ? 1 : 0;
}
