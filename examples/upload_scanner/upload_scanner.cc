// Holds an upload until it was judged: nothing of it reaches the origin before.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

using hyalite::Verdict;

struct UploadScanner : hyalite::Plugin<UploadScanner> {
  static constexpr hyalite::Info info{"upload-scanner", "1.0.0", "Refuses uploads that hold a signature", "MIT"};
  static constexpr const char* settings_schema = R"({
    "type": "object", "additionalProperties": false, "required": ["signatures"],
    "properties": {
      "signatures": { "type": "array", "items": { "type": "string", "minLength": 1 } },
      "at_once_bytes": { "type": "integer", "minimum": 0, "description": "larger ones are scanned on a thread" } } })";

  // What the thread found; shared with the exchange, since either may end first.
  struct Scan {
    bool over = false;
    bool found = false;
  };
  struct ExchangeState {
    std::shared_ptr<Scan> scan;
  };

  void configure(const hyalite::Settings& settings) {
    for (const hyalite::Value signature : settings["signatures"]) signatures.emplace_back(signature.text());
    at_once = static_cast<std::uint64_t>(settings["at_once_bytes"].integer(65536));
  }

  void on_request_head(hyalite::Request& request) {
    // All of it, decoded; what is larger than limits.held_body_bytes is refused with 413, never passed unseen.
    request.want_request_body(hyalite::BodyWish::full(0, HYALITE_OVERFLOW_REJECT).decoded());
  }

  Verdict on_request_body(hyalite::Request& request, hyalite::Body& body, ExchangeState& state) {
    // A content coding that nobody here can undo hides everything.
    if (!body.decoded() && !request.header(HYALITE_HEADER_CONTENT_ENCODING).empty())
      return request.respond(415, "This content coding is not allowed.\n", {{"Content-Type", "text/plain"}}, "it cannot be decoded");
    if (body.size() <= at_once) return judged(request, holds_signature(body.text()));
    // A hook must not take long: everything else in this worker would wait for it, too.
    const hyalite::Pause pause = request.pause(std::chrono::seconds(10));
    state.scan = std::make_shared<Scan>();
    const hyalite_ref work_ref = work(
        [this, scan = state.scan, text = std::string(body.text())] { scan->found = holds_signature(text); },
        [this, scan = state.scan, ref = pause.ref](hyalite_status status) {
          scan->over = status == HYALITE_OK;
          resume(ref);
        });
    return work_ref != 0 ? pause : Verdict::error;
  }

  Verdict on_resume(hyalite::Exchange& exchange, const hyalite::Resumption&, ExchangeState& state) {
    return state.scan->over ? judged(exchange, state.scan->found) : Verdict::error;
  }

  Verdict judged(hyalite::Exchange& exchange, bool found) const {
    if (!found) return Verdict::go_on;
    return exchange.respond(403, "This upload is not allowed.\n", {{"Content-Type", "text/plain"}}, "it holds a signature");
  }
  bool holds_signature(std::string_view text) const {
    for (const std::string& signature : signatures) {
      if (text.find(signature) != text.npos) return true;
    }
    return false;
  }

  std::vector<std::string> signatures;
  std::uint64_t at_once = 0;
};
HYALITE_PLUGIN(UploadScanner)
