// What was found, for a person and for programs.
// SPDX-License-Identifier: MIT
#include "check/report.h"

#include <algorithm>
#include <cstdio>

#include "base/text.h"

namespace hyalite {

namespace {

const char* word_for(CheckResult result) {
  switch (result) {
    case CheckResult::passed: return "passed";
    case CheckResult::failed: return "failed";
    case CheckResult::skipped: return "skipped";
  }
  return "";
}

std::size_t count(std::span<const CheckReport> reports, CheckResult result) {
  return static_cast<std::size_t>(std::count_if(reports.begin(), reports.end(), [&](const CheckReport& one) { return one.result == result; }));
}

std::string member(const char* name, const std::string& text) { return std::string(",\"") + name + "\":" + json_string(text); }

}  // namespace

std::string text_of(const CheckReport& report) {
  std::string line = word_for(report.result);
  line.resize(9, ' ');
  std::string id = report.id;
  id.resize(std::max<std::size_t>(id.size(), 18), ' ');
  line += id + " " + (report.result == CheckResult::skipped ? report.why : report.title) + "\n";
  for (const CheckFinding& finding : report.findings) {
    line += "    " + finding.what + "\n";
    if (!finding.where.empty()) line += "      where: " + finding.where + "\n";
    if (!finding.mend.empty()) line += "      mend:  " + finding.mend + "\n";
    if (!finding.again.empty()) line += "      again: --reproduce " + finding.again + "\n";
  }
  return line;
}

std::string summary_of(std::span<const CheckReport> reports) {
  const std::size_t failed = count(reports, CheckResult::failed), skipped = count(reports, CheckResult::skipped);
  std::string line = std::to_string(count(reports, CheckResult::passed)) + " passed, " + std::to_string(failed) + " failed";
  if (skipped > 0) line += ", " + std::to_string(skipped) + " skipped";
  return line + "\n";
}

std::string json_of(const std::string& path, std::uint64_t seed, std::span<const CheckReport> reports) {
  std::string json = "{\"version\":1" + member("plugin", path) + ",\"seed\":" + std::to_string(seed) + ",\"checks\":[";
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const CheckReport& report = reports[i];
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.3f", report.seconds);
    json += std::string(i > 0 ? "," : "") + "{\"id\":" + json_string(report.id) + member("title", report.title) + member("result", word_for(report.result));
    if (report.result == CheckResult::skipped) json += member("why", report.why);
    json += std::string(",\"seconds\":") + seconds + ",\"findings\":[";
    for (std::size_t n = 0; n < report.findings.size(); ++n) {
      const CheckFinding& finding = report.findings[n];
      json += std::string(n > 0 ? "," : "") + "{\"what\":" + json_string(finding.what) + member("where", finding.where) + member("mend", finding.mend) +
              member("reproduce", finding.again) + "}";
    }
    json += "]}";
  }
  json += "],\"passed\":" + std::to_string(count(reports, CheckResult::passed)) + ",\"failed\":" + std::to_string(count(reports, CheckResult::failed)) +
          ",\"skipped\":" + std::to_string(count(reports, CheckResult::skipped));
  return json + "}\n";
}

}  // namespace hyalite
