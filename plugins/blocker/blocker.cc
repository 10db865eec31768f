// Refuses what is listed: host names and all that is below them, in requests and in TLS handshakes.
// SPDX-License-Identifier: MIT
#include <hyalite/cpp/name_set.hpp>
#include <hyalite/plugin.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "list_file.h"
#include "page.h"

struct Blocker : hyalite::Plugin<Blocker> {
  static constexpr hyalite::Info info{"blocker", "1.0.0", "Refuses hosts that are listed", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false,
    "properties": {
      "hosts": { "description": "names that are blocked, with all that is below them",
                 "type": "array", "items": { "type": "string" } },
      "lists": { "description": "files of such names, one a line",
                 "type": "array", "items": { "type": "string", "minLength": 1 }, "maxItems": 200 },
      "answer": { "description": "what a blocked request gets; a blocked TLS handshake is always reset",
                  "enum": ["page", "reset"] } } })";

  void configure(const hyalite::Settings& settings) {
    resets_ = settings["answer"].text("page") == "reset";
    sources_.emplace_back("hosts");
    hyalite::NameSet::Builder names;
    for (const hyalite::Value host : settings["hosts"]) add_host(host, names);
    for (const hyalite::Value list : settings["lists"]) {
      const auto source = static_cast<std::uint32_t>(sources_.size());
      sources_.emplace_back(list.text());
      read_list(sources_.back(), source, names,
                [&](const std::string& what) { list.mistake(what); });
    }
    names_ = std::move(names).build();
    define(requests_, "blocker_requests_total", "Requests that were blocked.");
    define(handshakes_, "blocker_handshakes_total", "TLS handshakes that were blocked.");
    log(HYALITE_LOG_INFO, "lists are loaded", {{"names", std::to_string(names_.size())}});
  }

  hyalite::Verdict on_request_head(hyalite::Request& request) {
    const hyalite::HostName name(request.host_name());
    const auto entry = names_.find(name.text());
    if (!entry) return hyalite::Verdict::go_on;
    requests_.add();
    const std::string rule = rule_of(*entry);
    if (resets_) return request.reset(rule);
    return request.respond(
        403, block_page(name.text(), entry->name),
        {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}}, rule);
  }

  // There is no page to show in a handshake that is not ours.
  hyalite::Verdict on_client_hello(hyalite::Flow& flow, const hyalite::ClientHello&) {
    const auto entry = names_.find(hyalite::HostName(flow.server_name()).text());
    if (!entry) return hyalite::Verdict::go_on;
    handshakes_.add();
    return flow.reset(rule_of(*entry));
  }

 private:
  static void add_host(const hyalite::Value& host, hyalite::NameSet::Builder& names) {
    if (const hyalite::HostName name(host.text()); name.valid())
      names.add(name.text(), hyalite::NameSet::with_subdomains, 0);
    else
      host.mistake("is not a host name (a name stands for all that is below it, too)");
  }

  // For records: which name, and where it is written.
  std::string rule_of(const hyalite::NameSet::Match& entry) const {
    return std::string(entry.name) + " (" + sources_[entry.value] + ")";
  }

  hyalite::NameSet names_;
  std::vector<std::string> sources_;
  bool resets_ = false;
  hyalite::Counter requests_, handshakes_;
};
HYALITE_PLUGIN(Blocker)
