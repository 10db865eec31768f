// Asks a service of the settings about each URL, and lets the request wait for the answer.
// SPDX-License-Identifier: MIT
//
// The service is asked GET /?url=URL and says "block" or anything else. While it thinks, the request waits and everything else
// goes on. When it does not answer in time, or not at all, on_failure of this instance decides.
#include <hyalite/plugin.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <unordered_map>

using hyalite::Verdict;

struct UrlLookup : hyalite::Plugin<UrlLookup> {
  static constexpr hyalite::Info info{"url-lookup", "1.0.0", "Asks a service whether a URL may be fetched", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "properties": {
      "service": { "type": "string", "description": "its name under services" },
      "within_ms": { "type": "integer", "minimum": 1, "maximum": 60000 },
      "remember_s": { "type": "integer", "minimum": 0, "description": "for how long; 0: never" } } })";
  static constexpr std::size_t kMostRemembered = 10'000;

  // What the service said; shared by the exchange and the question, since either may end first.
  struct Opinion {
    enum { unknown, allow, block } is = unknown;
  };
  struct Remembered {
    Opinion opinion;
    std::int64_t until;
  };
  struct ExchangeState {
    std::shared_ptr<Opinion> opinion;
  };

  void configure(const hyalite::Settings& settings) {
    service = settings["service"].text("look-up");
    within = std::chrono::milliseconds(settings["within_ms"].integer(1000));
    remember = std::chrono::seconds(settings["remember_s"].integer(0));
    category = own_note("opinion");
  }

  Verdict on_request_head(hyalite::Request& request, ExchangeState& state) {
    const std::string target = "/?url=" + escaped("http://" + std::string(request.authority()) + std::string(request.target()));
    if (const Opinion* known = recall(target)) return act_on(*known, request);
    const hyalite::Pause pause = request.pause(within);
    state.opinion = std::make_shared<Opinion>();
    const hyalite_ref question =
        fetch({service, target, "GET", {}, {}, within, request.raw()},
              [this, target, opinion = state.opinion, ref = pause.ref](const hyalite::FetchResult& result) {
                if (result.answered() && result.http_status() == 200) {
                  opinion->is = result.body().substr(0, 5) == "block" ? Opinion::block : Opinion::allow;
                  keep_in_mind(target, *opinion);
                }
                resume(ref);
              });
    return question != 0 ? pause : Verdict::error;
  }

  Verdict on_resume(hyalite::Exchange& exchange, const hyalite::Resumption&, ExchangeState& state) {
    return act_on(*state.opinion, exchange);
  }

  const Opinion* recall(const std::string& target) const {
    const auto found = remembered.find(target);
    return found != remembered.end() && found->second.until > monotonic_clock() ? &found->second.opinion : nullptr;
  }
  void keep_in_mind(const std::string& target, Opinion opinion) {
    if (remember.count() == 0) return;
    if (remembered.size() >= kMostRemembered) remembered.clear();
    remembered[target] = {opinion, monotonic_clock() + remember.count()};
  }

  Verdict act_on(const Opinion& opinion, hyalite::Exchange& exchange) const {
    if (opinion.is == Opinion::unknown) return Verdict::error;
    exchange.note(category, opinion.is == Opinion::block ? "block" : "allow");
    if (opinion.is == Opinion::allow) return Verdict::go_on;
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
  std::chrono::nanoseconds remember{};
  std::unordered_map<std::string, Remembered> remembered;  // of this worker
  hyalite::NoteKey category;
};
HYALITE_PLUGIN(UrlLookup)
