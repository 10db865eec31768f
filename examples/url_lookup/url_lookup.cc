// Asks a service of the settings about each URL, and lets the request wait for the answer.
// SPDX-License-Identifier: MIT
//
// The service is asked GET /?url=URL and says "block" or anything else. While it thinks, the request waits and everything else
// goes on. When it does not answer in time, or not at all, on_failure of this instance decides.
#include <hyalite/plugin.hpp>

#include <chrono>
#include <memory>
#include <string>

using hyalite::Verdict;

struct UrlLookup : hyalite::Plugin<UrlLookup> {
  static constexpr hyalite::Info info{"url-lookup", "1.0.0", "Asks a service whether a URL may be fetched", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "properties": {
      "service": { "type": "string", "description": "its name under services" },
      "within_ms": { "type": "integer", "minimum": 1, "maximum": 60000 } } })";

  // What the service said; shared by the exchange and the question, since either may end first.
  struct Opinion {
    enum { unknown, allow, block } is = unknown;
  };
  struct ExchangeState {
    std::shared_ptr<Opinion> opinion;
  };

  void configure(const hyalite::Settings& settings) {
    service = settings["service"].text("look-up");
    within = std::chrono::milliseconds(settings["within_ms"].integer(1000));
    category = own_note("opinion");
  }

  Verdict on_request_head(hyalite::Request& request, ExchangeState& state) {
    const hyalite::Pause pause = request.pause(within);
    state.opinion = std::make_shared<Opinion>();
    const std::string target = "/?url=" + escaped("http://" + std::string(request.authority()) + std::string(request.target()));
    const hyalite_ref question =
        fetch({service, target, "GET", {}, {}, within, request.raw()},
              [this, opinion = state.opinion, ref = pause.ref](const hyalite::FetchResult& result) {
                if (result.answered() && result.http_status() == 200) {
                  opinion->is = result.body().substr(0, 5) == "block" ? Opinion::block : Opinion::allow;
                }
                resume(ref);
              });
    return question != 0 ? pause : Verdict::error;
  }

  Verdict on_resume(hyalite::Exchange& exchange, const hyalite::Resumption&, ExchangeState& state) {
    if (state.opinion->is == Opinion::unknown) return Verdict::error;
    exchange.note(category, state.opinion->is == Opinion::block ? "block" : "allow");
    if (state.opinion->is == Opinion::allow) return Verdict::go_on;
    return exchange.respond(403, "This address is blocked.\n", {{"Content-Type", "text/plain"}}, "the look-up service said so");
  }

  static std::string escaped(const std::string& text) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || c == '.' || c == '-';
      if (plain) {
        out += c;
      } else {
        out += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
    return out;
  }

  std::string service;
  std::chrono::milliseconds within{};
  hyalite::NoteKey category;
};
HYALITE_PLUGIN(UrlLookup)
