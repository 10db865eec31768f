// Refuses what is listed: hosts, URLs, networks, methods and types of content, in requests,
// responses and TLS handshakes. SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "list_file.h"
#include "lists.h"
#include "page.h"
#include "rules.h"

struct Blocker : hyalite::Plugin<Blocker> {
  static constexpr hyalite::Info info{"blocker", "1.0.0",
                                      "Refuses hosts, URLs and more that are listed", "MIT"};
  static constexpr const char* settings_schema = R"json({
    "type": "object", "additionalProperties": false,
    "definitions": {
      "texts": { "type": "array", "items": { "type": "string", "minLength": 1 } },
      "lists": { "type": "array", "maxItems": 1000, "items": { "oneOf": [
        { "type": "string", "minLength": 1 },
        { "type": "object", "additionalProperties": false, "required": ["file"], "properties": {
          "file":        { "description": "the file", "type": "string", "minLength": 1 },
          "covers":      { "description": "what its names stand for, where their format does not say it", "enum": ["subdomains", "exact"] },
          "wrong_lines": { "description": "whether lines that cannot be used are mistakes", "enum": ["refuse", "skip"], "default": "refuse" } } } ] } } },
    "properties": {
      "hosts":         { "description": "names, each with all that is below it", "$ref": "#/definitions/texts" },
      "exact_hosts":   { "description": "names without what is below them", "$ref": "#/definitions/texts" },
      "lists":         { "description": "files of names and URLs, in any of the formats below", "$ref": "#/definitions/lists" },
      "urls":          { "description": "what URLs begin with: http://host/path", "$ref": "#/definitions/texts" },
      "url_patterns":  { "description": "regular expressions (RE2) that are found in http://host/path?query", "$ref": "#/definitions/texts" },
      "destinations":  { "description": "networks or addresses that clients go to", "$ref": "#/definitions/texts" },
      "clients":       { "description": "networks or addresses of clients, who then reach nothing", "$ref": "#/definitions/texts" },
      "methods":       { "description": "methods of requests", "$ref": "#/definitions/texts" },
      "content_types": { "description": "of responses: application/zip, video/*", "$ref": "#/definitions/texts" },
      "allow": { "description": "what is never blocked, whatever stands above", "type": "object", "additionalProperties": false, "properties": {
        "hosts":        { "description": "names, each with all that is below it", "$ref": "#/definitions/texts" },
        "exact_hosts":  { "description": "names without what is below them", "$ref": "#/definitions/texts" },
        "lists":        { "description": "files of names and URLs", "$ref": "#/definitions/lists" },
        "urls":         { "description": "what URLs begin with", "$ref": "#/definitions/texts" },
        "url_patterns": { "description": "regular expressions that are found in URLs", "$ref": "#/definitions/texts" },
        "destinations": { "description": "networks or addresses that clients go to", "$ref": "#/definitions/texts" },
        "clients":      { "description": "networks or addresses of clients", "$ref": "#/definitions/texts" } } },
      "only_clients":  { "description": "networks or addresses of the clients that all this is for; others are left alone", "$ref": "#/definitions/texts" },
      "dry_run":       { "description": "block nothing, and add the finding would_block to the records", "type": "boolean", "default": false },
      "answer":        { "description": "what a blocked request gets: a page, 204 without content, or a reset", "enum": ["page", "empty", "reset"],
                         "default": "page" },
      "status":        { "description": "of the page", "type": "integer", "minimum": 400, "maximum": 599, "default": 403 },
      "page":          { "description": "the file of the page's template; when not given, a plain one", "type": "string", "minLength": 1 } } })json";

  // Were its networks judged already?
  struct FlowState {
    bool judged = false;
  };
  struct ExchangeState {
    bool left_alone = false;
  };

  void configure(const hyalite::Settings& settings) {
    const std::clock_t began = std::clock();
    block_.add(settings);
    allow_.add(settings["allow"]);
    const ListsRead blocked = read_lists(settings["lists"], block_, &allow_),
                    allowed = read_lists(settings["allow/lists"], allow_, nullptr);
    warn_of_nothing(blocked);
    warn_of_nothing(allowed);
    block_.build();
    allow_.build();
    with_url_ = block_.looks_at_urls() || allow_.looks_at_urls();
    for (const hyalite::Value client : settings["only_clients"]) {
      hyalite_network network{};
      if (hyalite_network_parse(hyalite::bytes(client.text()), &network) == 0)
        client.mistake("is not a network or an address, such as 10.0.0.0/8");
      only_clients_.push_back(network);
    }
    read_answer(settings);
    define_counters();
    const auto took_ms = (std::clock() - began) * 1'000 / CLOCKS_PER_SEC;
    log(HYALITE_LOG_INFO, "lists are loaded",
        {{"names", std::to_string(block_.names())},
         {"allowed", std::to_string(allow_.names())},
         {"lines_skipped", std::to_string(blocked.skipped + allowed.skipped)},
         {"cpu_ms", std::to_string(took_ms)}});
  }

  hyalite::Verdict on_request_head(hyalite::Request& request, ExchangeState& state) {
    const hyalite_flow_info& flow = request.flow().info();
    state.left_alone = !concerns(flow);
    if (state.left_alone) return hyalite::Verdict::go_on;
    const Asked asked(request, with_url_);
    bool failed = false;
    state.left_alone = allow_.of_request(asked, flow, Readings::all, failed).has_value();
    if (state.left_alone) return hyalite::Verdict::go_on;
    const auto rule = block_.of_request(asked, flow, Readings::any, failed);
    if (rule) return refuse(request, request, *rule, requests_);
    return failed ? hyalite::Verdict::error : hyalite::Verdict::go_on;
  }

  hyalite::Verdict on_response_head(hyalite::Response& response, ExchangeState& state) {
    if (state.left_alone || !block_.has_content_types()) return hyalite::Verdict::go_on;
    const auto rule = rule_for_content_of(response);
    return rule ? refuse(response, response.request(), *rule, responses_) : hyalite::Verdict::go_on;
  }

  // Of several types browsers take the last one that they understand; one that is listed is enough.
  std::optional<Rule> rule_for_content_of(const hyalite::Response& response) const {
    const hyalite_headers& all = response.headers();
    for (std::size_t i = 0; i < all.count; ++i) {
      const hyalite_header* at = hyalite_header_at(&all, i);
      if (at->id != HYALITE_HEADER_CONTENT_TYPE) continue;
      if (auto rule = block_.of_content_type(hyalite::view(at->value))) return rule;
    }
    return std::nullopt;
  }

  // There is no page to show in a handshake that is not ours.
  hyalite::Verdict on_client_hello(hyalite::Flow& flow, const hyalite::ClientHello&,
                                   FlowState& state) {
    if (!concerns(flow.info())) return hyalite::Verdict::go_on;
    const hyalite::HostName name(flow.server_name());
    state.judged = true;
    if (allow_.of_name(name.text()) || allow_.of_flow(flow.info())) return hyalite::Verdict::go_on;
    auto rule = block_.of_name(name.text());
    if (!rule) rule = block_.of_flow(flow.info());
    return rule ? refuse(flow, *rule, handshakes_) : hyalite::Verdict::go_on;
  }

  // What is neither HTTP nor TLS has networks only.
  hyalite::Verdict on_protocol(hyalite::Flow& flow, std::uint32_t protocol, FlowState& state) {
    if (protocol == HYALITE_PROTOCOL_HTTP1 || protocol == HYALITE_PROTOCOL_TLS)
      return hyalite::Verdict::go_on;
    return judge_networks(flow, state);
  }

  // A client that is silent, since its server may speak first, and a ClientHello that nobody could
  // read. Requests are judged one by one.
  hyalite::Verdict on_upstream_connect(hyalite::Flow& flow, const hyalite_address&,
                                       FlowState& state) {
    if (flow.info().protocol == HYALITE_PROTOCOL_HTTP1) return hyalite::Verdict::go_on;
    return judge_networks(flow, state);
  }

 private:
  // What a download left that brought nothing is a file as any other, and protects nobody.
  void warn_of_nothing(const ListsRead& lists) {
    for (const std::string& file : lists.without_rules)
      log(HYALITE_LOG_WARNING, file + " lists nothing; was it downloaded whole?");
  }

  void read_answer(const hyalite::Settings& settings) {
    dry_run_ = settings["dry_run"].boolean();
    answer_ = settings["answer"].text("page");
    status_ = static_cast<std::uint32_t>(settings["status"].integer(403));
    const hyalite::Value page = settings["page"];
    if (!page) return;
    if (answer_ != "page") page.mistake("is of no use: the answer is \"" + answer_ + "\"");
    const std::string path(page.text());
    std::string html;
    const std::string why = read_lines(
        path, [&](std::size_t, std::string_view line) { html.append(line).append("\n"); });
    if (!why.empty()) return page.mistake(why);
    if (html.size() > Page::kMostBytes) return page.mistake(path + ": is larger than 64 KiB");
    page_ = Page::parse(html, [&](std::size_t line, const std::string& what) {
      page.mistake(path + ":" + std::to_string(line) + ": " + what);
    });
  }

  void define_counters() {
    define(requests_, "blocker_requests_total", "Requests that were blocked.");
    define(responses_, "blocker_responses_total", "Responses that were blocked.");
    define(handshakes_, "blocker_handshakes_total", "TLS handshakes that were blocked.");
    define(flows_, "blocker_flows_total", "Other connections that were blocked.");
    define(would_, "blocker_would_block_total", "What would have been blocked, but for dry_run.");
  }

  bool concerns(const hyalite_flow_info& flow) const {
    if (only_clients_.empty()) return true;
    for (const hyalite_network& network : only_clients_) {
      if (hyalite_network_contains(&network, &flow.client) != 0) return true;
    }
    return false;
  }

  hyalite::Verdict judge_networks(hyalite::Flow& flow, FlowState& state) {
    if (state.judged || !concerns(flow.info())) return hyalite::Verdict::go_on;
    const auto rule = block_.of_flow(flow.info());
    if (!rule || allow_.of_flow(flow.info())) return hyalite::Verdict::go_on;
    state.judged = true;
    return refuse(flow, *rule, flows_);
  }

  // For records: which rule, and where it is written.
  static std::string reason(const Rule& rule) { return rule.text + " (" + rule.where + ")"; }

  hyalite::Verdict refuse(hyalite::Flow& flow, const Rule& rule, hyalite::Counter& counter) {
    if (dry_run_) return only_note(flow, rule);
    counter.add();
    return flow.reset(reason(rule));
  }

  // `message`: the request, or its response.
  hyalite::Verdict refuse(hyalite::Message& message, const hyalite::Request& request,
                          const Rule& rule, hyalite::Counter& counter) {
    if (dry_run_) return only_note(message, rule);
    counter.add();
    if (answer_ == "reset") return message.reset(reason(rule));
    if (answer_ == "empty")
      return message.respond(204, "", {{"Cache-Control", "no-store"}}, reason(rule));
    return message.respond(
        status_, page_for(request, rule),
        {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}},
        reason(rule));
  }

  // `T`: a flow or an exchange.
  template <class T>
  hyalite::Verdict only_note(T& subject, const Rule& rule) {
    would_.add();
    subject.add_finding("would_block", reason(rule));
    return hyalite::Verdict::go_on;
  }

  std::string page_for(const hyalite::Request& request, const Rule& rule) const {
    const hyalite_flow_info& flow = request.flow().info();
    return page_.with([&](Page::Word word) -> std::string {
      switch (word) {
        case Page::Word::host:
          return std::string(request.host_name());
        case Page::Word::url:
          return "http://" + std::string(request.authority()) + std::string(request.path()) +
                 (request.query().empty() ? "" : "?" + std::string(request.query()));
        case Page::Word::rule:
          return rule.text;
        case Page::Word::list:
          return rule.where;
        case Page::Word::reference:
          return std::to_string(flow.id) + "-" + std::to_string(request.number());
        case Page::Word::client:
          return hyalite::ip_text(flow.client);
        case Page::Word::time:
          return now();
      }
      return {};
    });
  }

  std::string now() const {
    const std::time_t seconds = wall_clock() / 1'000'000'000;
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[32];
    return std::string(text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts));
  }

  Rules block_, allow_;
  std::vector<hyalite_network> only_clients_;
  bool with_url_ = false, dry_run_ = false;
  std::string answer_;
  std::uint32_t status_ = 403;
  Page page_ = Page::usual();
  hyalite::Counter requests_, responses_, handshakes_, flows_, would_;
};
HYALITE_PLUGIN(Blocker)
