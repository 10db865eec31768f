// Asks a service over TCP about each host: a line for each, over one connection that is kept, answered line by line.
// SPDX-License-Identifier: MIT
//
// The service is told "HOST\n" and says "allow\n", "block\n" or anything else, in the order in which it was asked. Where its
// settings say `tls: { enabled: true }`, all that goes over TLS, and this plugin does not notice. When the service does not
// answer in time, or is not there, on_failure of this instance decides.
#include <hyalite/plugin.hpp>

#include <chrono>
#include <deque>
#include <memory>
#include <string>

using hyalite::ChannelEvent;
using hyalite::Verdict;

struct LineLookup : hyalite::Plugin<LineLookup> {
  static constexpr hyalite::Info info{"line-lookup", "1.0.0", "Asks a service over TCP whether a host may be visited", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "properties": {
      "service": { "type": "string", "description": "its name under services; protocol: tcp" },
      "within_ms": { "type": "integer", "minimum": 1, "maximum": 60000 } } })";
  static constexpr std::size_t kMostLine = 100;

  enum class Opinion { unknown, allow, block };
  // Shared by the exchange and the question, since either may end first.
  struct ExchangeState {
    std::shared_ptr<Opinion> opinion;
  };
  struct Question {
    hyalite_ref pause;
    std::shared_ptr<Opinion> opinion;
  };
  // One connection, shared by the plugin and whoever is told of it: there may be a newer one before it is over.
  struct Line {
    hyalite_ref channel = 0;
    std::string unread;
    std::deque<Question> asked;  // in the order in which they are answered
  };

  void configure(const hyalite::Settings& settings) {
    service = settings["service"].text("line-up");
    within = std::chrono::milliseconds(settings["within_ms"].integer(1000));
  }

  Verdict on_request_head(hyalite::Request& request, ExchangeState& state) {
    state.opinion = std::make_shared<Opinion>(Opinion::unknown);
    const hyalite::Pause pause = request.pause(within);
    return ask(std::string(request.authority()), {pause.ref, state.opinion}) ? pause : Verdict::error;
  }

  Verdict on_resume(hyalite::Exchange& exchange, const hyalite::Resumption&, ExchangeState& state) {
    switch (*state.opinion) {
      case Opinion::allow: return Verdict::go_on;
      case Opinion::block: return exchange.respond(403, "This host is blocked.\n", {{"Content-Type", "text/plain"}}, "the service said so");
      case Opinion::unknown: break;
    }
    return Verdict::error;
  }

  // False: there is no connection to be had, or the service has fallen too far behind.
  bool ask(const std::string& host, Question question) {
    if (line == nullptr && !open()) return false;
    if (write(line->channel, host + '\n') != HYALITE_OK) return false;
    line->asked.push_back(std::move(question));
    return true;
  }

  bool open() {
    auto opened = std::make_shared<Line>();
    opened->channel = connect(service, [this, opened](hyalite_ref, const ChannelEvent& event) { told(opened, event); });
    if (opened->channel != 0) line = opened;
    return opened->channel != 0;
  }

  void told(const std::shared_ptr<Line>& about, const ChannelEvent& event) {
    if (event.data()) hear(*about, event.bytes());
    // What was asked and not answered by then is not answered any more.
    if (event.end()) {
      leave(*about);
      write(about->channel, "", true);
    }
    if (!event.over()) return;
    if (!event.why().empty()) log(HYALITE_LOG_WARNING, "the service is lost", {{"why", event.why()}});
    leave(*about);
    for (const Question& question : about->asked) resume(question.pause);
    about->asked.clear();
  }

  void hear(Line& about, std::string_view bytes) {
    about.unread += bytes;
    std::size_t from = 0;
    for (std::size_t end; (end = about.unread.find('\n', from)) != std::string::npos; from = end + 1) {
      if (!answer(about, about.unread.substr(from, end - from))) return;
    }
    about.unread.erase(0, from);
    if (about.unread.size() > kMostLine) give_up(about);
  }

  bool answer(Line& about, const std::string& said) {
    // Whoever answers what nobody asked would be believed for the next question.
    if (about.asked.empty()) return give_up(about), false;
    const Question question = std::move(about.asked.front());
    about.asked.pop_front();
    *question.opinion = said == "allow" ? Opinion::allow : said == "block" ? Opinion::block : Opinion::unknown;
    resume(question.pause);
    return true;
  }

  // The next question opens another one.
  void leave(const Line& about) {
    if (line.get() == &about) line = nullptr;
  }
  void give_up(const Line& about) {
    leave(about);
    cancel(about.channel);
  }

  std::string service;
  std::chrono::milliseconds within{};
  std::shared_ptr<Line> line;  // of this worker; null: none
};
HYALITE_PLUGIN(LineLookup)
