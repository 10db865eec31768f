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
#include <utility>

using hyalite::Verdict;

enum class Opinion { unknown, allow, block };

// What the service said, for a time. URLs may be long and are chosen by clients, so it is bounded in bytes: when the younger
// half is full it becomes the older one, and what was there and not asked for since is forgotten.
class Memory {
 public:
  void bound(std::size_t bytes) { most_ = bytes / 2; }
  Opinion recall(const std::string& url, std::int64_t now) {
    if (const auto found = younger_.find(url); found != younger_.end()) return found->second.at(now);
    const auto found = older_.find(url);
    if (found == older_.end()) return Opinion::unknown;
    const Entry entry = found->second;
    older_.erase(found);
    keep(url, entry);
    return entry.at(now);
  }
  void keep(const std::string& url, Opinion opinion, std::int64_t until) { keep(url, Entry{opinion, until}); }

 private:
  struct Entry {
    Opinion opinion;
    std::int64_t until;
    Opinion at(std::int64_t now) const { return now < until ? opinion : Opinion::unknown; }
  };
  // About what a node of the map and its place in the table take besides.
  static constexpr std::size_t kEach = sizeof(std::string) + sizeof(Entry) + 48;

  void keep(const std::string& url, const Entry& entry) {
    const std::size_t cost = url.size() + kEach;
    if (cost > most_) return;
    if (used_ + cost > most_) {
      older_ = std::exchange(younger_, {});
      used_ = 0;
    }
    if (younger_.insert_or_assign(url, entry).second) used_ += cost;
  }
  std::unordered_map<std::string, Entry> younger_, older_;
  std::size_t most_ = 0, used_ = 0;
};

struct UrlLookup : hyalite::Plugin<UrlLookup> {
  static constexpr hyalite::Info info{"url-lookup", "1.0.0", "Asks a service whether a URL may be fetched", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "properties": {
      "service": { "type": "string", "description": "its name under services" },
      "within_ms": { "type": "integer", "minimum": 1, "maximum": 60000 },
      "remember_s": { "type": "integer", "minimum": 0, "maximum": 86400, "description": "for how long; 0: never" },
      "remember_bytes": { "type": "integer", "minimum": 0, "description": "at most so much, in each worker" } } })";

  struct ExchangeState {
    // Shared by the exchange and the question, since either may end first.
    std::shared_ptr<Opinion> opinion;
  };

  void configure(const hyalite::Settings& settings) {
    service = settings["service"].text("look-up");
    within = std::chrono::milliseconds(settings["within_ms"].integer(1000));
    remember = std::chrono::seconds(settings["remember_s"].integer(0));
    memory.bound(static_cast<std::size_t>(settings["remember_bytes"].integer(8 << 20)));
    category = own_note("opinion");
  }

  Verdict on_request_head(hyalite::Request& request, ExchangeState& state) {
    const std::string url = url_of(request);
    if (const Opinion known = memory.recall(url, monotonic_clock()); known != Opinion::unknown) return act_on(known, request);
    const hyalite::Pause pause = request.pause(within);
    state.opinion = std::make_shared<Opinion>(Opinion::unknown);
    const hyalite_ref question = fetch({service, "/?url=" + escaped(url), "GET", {}, {}, within, request.raw()},
                                       [this, url, opinion = state.opinion, ref = pause.ref](const hyalite::FetchResult& result) {
                                         if (result.answered() && result.http_status() == 200) {
                                           *opinion = result.body().substr(0, 5) == "block" ? Opinion::block : Opinion::allow;
                                           if (remember.count() > 0) memory.keep(url, *opinion, monotonic_clock() + remember.count());
                                         }
                                         resume(ref);
                                       });
    return question != 0 ? pause : Verdict::error;
  }

  Verdict on_resume(hyalite::Exchange& exchange, const hyalite::Resumption&, ExchangeState& state) { return act_on(*state.opinion, exchange); }

  Verdict act_on(Opinion opinion, hyalite::Exchange& exchange) const {
    if (opinion == Opinion::unknown) return Verdict::error;
    exchange.note(category, opinion == Opinion::block ? "block" : "allow");
    if (opinion == Opinion::allow) return Verdict::go_on;
    return exchange.respond(403, "This address is blocked.\n", {{"Content-Type", "text/plain"}}, "the look-up service said so");
  }

  // The target alone would not do: it may be "/path", a whole URL, "host:443" (CONNECT) or "*".
  static std::string url_of(const hyalite::Request& request) {
    const hyalite_request_line& line = *request.request_line();
    std::string url = std::string(hyalite::view(line.scheme)) + "://" + std::string(request.authority()) + std::string(request.path());
    if (!request.query().empty()) url += "?" + std::string(request.query());
    return url;
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
  Memory memory;  // of this worker
  hyalite::NoteKey category;
};
HYALITE_PLUGIN(UrlLookup)
