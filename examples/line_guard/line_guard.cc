// Keeps clients of line-based protocols (FTP, SMTP, POP3) from certain commands. It has nothing to do with HTTP.
// SPDX-License-Identifier: MIT
//
// A forbidden command's line becomes NOOP, so that client and server stay in step: each line still has its answer.
#include <hyalite/plugin.hpp>

#include <algorithm>
#include <string>
#include <vector>

struct LineGuard : hyalite::Plugin<LineGuard> {
  static constexpr hyalite::Info info{"line-guard", "1.0.0", "Forbids commands of line-based protocols", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false, "required": ["ports", "commands"],
    "properties": {
      "ports": { "type": "array", "items": { "type": "integer", "minimum": 1, "maximum": 65535 } },
      "commands": { "type": "array", "items": { "type": "string", "pattern": "^[A-Z]+$" } } } })";
  static constexpr std::uint32_t kLongestLine = 1024;

  void configure(const hyalite::Settings& settings) {
    for (const hyalite::Value port : settings["ports"]) ports.push_back(port.integer());
    for (const hyalite::Value command : settings["commands"]) commands.emplace_back(command.text());
    define(forbidden, "line_guard_forbidden_total", "Commands that were replaced.");
  }

  // It is known by now that it is neither HTTP nor TLS.
  hyalite::Verdict on_protocol(hyalite::Flow& flow, std::uint32_t protocol) {
    const bool ours = std::find(ports.begin(), ports.end(), flow.info().destination.port) != ports.end();
    if (protocol != HYALITE_PROTOCOL_UNKNOWN || !ours) return hyalite::Verdict::ignore;
    flow.want_stream(HYALITE_REQUEST, hyalite::BodyWish::resize(kLongestLine));
    return hyalite::Verdict::go_on;
  }

  hyalite::Verdict on_data(hyalite::Flow& flow, hyalite_direction, hyalite::Body& body) {
    const std::string_view text = body.text();
    std::size_t done = 0;
    for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', done)) {
      const std::string_view line = text.substr(done, end + 1 - done);
      if (is_forbidden(line)) {
        body.drop(line.size());
        body.write("NOOP\r\n");
        forbidden.add();
      } else {
        body.pass(line.size());
      }
      done = end + 1;
    }
    // The beginning of a line waits for its end; nobody has that much to say.
    const std::string_view rest = text.substr(done);
    if (rest.size() > kLongestLine) return flow.reset("a line that is too long");
    if (!body.last()) {
      body.keep(rest.size());
    } else if (is_forbidden(rest)) {  // servers may take it for a line all the same
      body.drop(rest.size());
      forbidden.add();
    }
    return hyalite::Verdict::go_on;
  }

  // Its first letters, whatever stands before and behind them: servers are lenient with spaces, tabs and TELNET's bytes.
  bool is_forbidden(std::string_view line) const {
    std::string word;
    for (const char c : line) {
      const char upper = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      if (upper >= 'A' && upper <= 'Z') {
        word += upper;
      } else if (!word.empty()) {
        break;
      }
    }
    return std::find(commands.begin(), commands.end(), word) != commands.end();
  }

  std::vector<std::int64_t> ports;
  std::vector<std::string> commands;
  hyalite::Counter forbidden;
};
HYALITE_PLUGIN(LineGuard)
