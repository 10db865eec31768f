// The first admin page: for a person with a browser.
// SPDX-License-Identifier: MIT
#include "admin/index_page.h"

#include "base/text.h"

#include "admin/status.h"

namespace hyalite {

namespace {

constexpr char kHead[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Hyalite</title>\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<style>body{font:15px/1.5 sans-serif;margin:2em auto;max-width:50em;padding:0 1em}"
    "table{border-collapse:collapse}td,th{padding:.2em 1em .2em 0;text-align:left}"
    "th{font-weight:600;border-bottom:1px solid "
    "#bbb}td.n{text-align:right}.bad{color:#a00}</style></head><body>\n";

std::string row(std::string_view name, std::uint64_t value) {
  return "<tr><td>" + escape_html(name) + "</td><td class=\"n\">" + std::to_string(value) +
         "</td></tr>\n";
}

std::string generations(const ServiceFacts& facts) {
  std::string out =
      "<h2>Generations</h2><table><tr><th>number</th><th>state</th><th>since</th><th>workers</th></"
      "tr>\n";
  for (const GenerationFacts& one : facts.generations) {
    out += "<tr><td>" + std::to_string(one.number) + "</td><td>" + escape_html(one.state) +
           "</td><td>" + iso_time(one.since) + "</td><td>" + std::to_string(one.workers.size()) +
           "</td></tr>\n";
  }
  return out + "</table>\n";
}

std::string certificates(const ServiceFacts& facts) {
  std::string out;
  if (facts.ca && !facts.ca->fault.empty()) {
    out += "<p class=\"bad\">The CA cannot be read: " + escape_html(facts.ca->fault) + "</p>\n";
  } else if (facts.ca) {
    out += facts.ca->ends_soon ? "<p class=\"bad\">" : "<p>";
    out += "The CA <a href=\"/ca\">" + escape_html(facts.ca->subject) + "</a> is valid until " +
           iso_time(facts.ca->not_after) + ".</p>\n";
  }
  if (facts.refused.empty()) return out;
  out +=
      "<h2>Certificates that clients refused</h2><table><tr><th>name</th><th>times</th><th>likely "
      "cause</th><th>passes until</th></tr>\n";
  for (const RefusedName& one : facts.refused) {
    out += "<tr><td>" + escape_html(printable(one.name)) + "</td><td class=\"n\">" +
           std::to_string(one.count) + "</td><td>" + escape_html(one.cause) + "</td><td>" +
           (one.passes_until ? iso_time(*one.passes_until) : "") + "</td></tr>\n";
  }
  return out + "</table>\n";
}

}  // namespace

std::string index_page(const ServiceFacts& facts, const Totals& totals) {
  std::string out = kHead;
  out += "<h1>Hyalite " + escape_html(facts.version) + "</h1>\n";
  if (!facts.serving()) out += "<p class=\"bad\">No generation serves.</p>\n";
  if (!facts.last_failure.empty()) {
    out += "<p class=\"bad\">The last change failed:</p><pre>" + escape_html(facts.last_failure) +
           "</pre>\n";
  }
  out += "<p>Accepting on";
  for (const std::string& address : facts.listening)
    out += " <code>" + escape_html(address) + "</code>";
  out += ", since " + iso_time(facts.started) + ".</p>\n<table>\n";
  out += row("connections now", totals.sum("hyalite_flows"));
  out += row("connections", totals.sum("hyalite_flows_total"));
  out += row("exchanges", totals.sum("hyalite_exchanges_total"));
  out += row("requests refused", totals.sum("hyalite_refused_requests_total"));
  out += row("responses refused", totals.sum("hyalite_refused_responses_total"));
  out += row("connections passed uninspected", totals.sum("hyalite_uninspected_total"));
  out += row("worker deaths", totals.sum("hyalite_worker_deaths_total"));
  out += "</table>\n" + generations(facts);
  out += certificates(facts);
  for (const std::string& plugin : facts.quarantined) {
    out += "<p class=\"bad\">In quarantine: <code>" + escape_html(plugin) + "</code></p>\n";
  }
  return out +
         "<p><a href=\"/metrics\">metrics</a> &middot; <a href=\"/status\">status</a> &middot; <a "
         "href=\"/flows\">flows</a> "
         "&middot; <a href=\"/plugins\">plugins</a> &middot; <a href=\"/settings\">settings</a> "
         "&middot; "
         "<a href=\"/health\">health</a></p></body></html>\n";
}

}  // namespace hyalite
