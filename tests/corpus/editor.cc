// A plugin that does what the test says: the edits of a case, whatever they are.
// SPDX-License-Identifier: MIT
//
// The environment variable HYALITE_TEST_EDITS holds them in hexadecimal, parted by commas. Each is
// `MOMENT VERB ARGUMENTS [=> STATUS]`; README.md of the corpus lists them. An answer of the host other than STATUS (else: ok)
// ends the exchange with a reset, and is told on standard error.
#include <hyalite/plugin.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

using hyalite::Body;
using hyalite::BodyWish;
using hyalite::Exchange;
using hyalite::Message;
using hyalite::Request;
using hyalite::Response;
using hyalite::Trailers;
using hyalite::Verdict;

struct Edit {
  std::string moment, verb, arguments;
  hyalite_status expected = HYALITE_OK;
  std::string text;
};

std::string take(std::string& rest, const std::string& separator) {
  const std::size_t end = rest.find(separator);
  const std::string word = rest.substr(0, end);
  rest = end == std::string::npos ? std::string() : rest.substr(end + separator.size());
  return word;
}

hyalite_status status_of(const std::string& word) {
  if (word == "forbidden") return HYALITE_E_FORBIDDEN;
  if (word == "invalid") return HYALITE_E_INVALID;
  if (word == "late") return HYALITE_E_LATE;
  if (word == "missing") return HYALITE_E_MISSING;
  return word == "limit" ? HYALITE_E_LIMIT : HYALITE_OK;
}

std::string script() {
  const char* hex = std::getenv("HYALITE_TEST_EDITS");
  return hex != nullptr ? hex : "";
}

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16));
  return bytes;
}

std::vector<Edit> edits_of(const std::string& moment) {
  std::vector<Edit> edits;
  for (std::string rest = script(); !rest.empty();) {
    Edit edit;
    edit.text = from_hex(take(rest, ","));
    std::string line = edit.text;
    const std::size_t arrow = line.rfind(" => ");
    if (arrow != std::string::npos) {
      edit.expected = status_of(line.substr(arrow + 4));
      line.resize(arrow);
    }
    edit.moment = take(line, " ");
    edit.verb = take(line, " ");
    edit.arguments = line;
    if (edit.moment == moment) edits.push_back(edit);
  }
  return edits;
}

hyalite_bytes raw(const std::string& text) { return {text.data(), text.size()}; }

BodyWish wish_of(const std::string& word) {
  BodyWish wish;
  if (word.rfind("tap", 0) == 0) wish = BodyWish::tap();
  if (word.rfind("stream", 0) == 0) wish = BodyWish::stream();
  if (word.rfind("resize", 0) == 0) wish = BodyWish::resize();
  if (word.rfind("full", 0) == 0) wish = BodyWish::full();
  return word.find("+trailers") != std::string::npos ? wish.with_trailers() : wish;
}

}  // namespace

struct Editor : hyalite::Plugin<Editor> {
  static constexpr hyalite::Info info{"corpus-editor", "1.0.0", "Edits what a test says", "MIT"};

  Verdict on_request_head(Request& request) { return run("request", request, HYALITE_PART_REQUEST); }
  Verdict on_request_body(Request& request, Body& body) { return run("request-body", request, HYALITE_PART_REQUEST, &body); }
  Verdict on_request_trailers(Trailers& trailers) { return run("request-trailers", trailers, HYALITE_PART_REQUEST_TRAILERS); }
  Verdict on_response_info(Response& response) { return run("info", response, HYALITE_PART_INFO); }
  Verdict on_response_head(Response& response) { return run("response", response, HYALITE_PART_RESPONSE); }
  Verdict on_response_body(Response& response, Body& body) { return run("response-body", response, HYALITE_PART_RESPONSE, &body); }
  Verdict on_response_trailers(Trailers& trailers) { return run("response-trailers", trailers, HYALITE_PART_RESPONSE_TRAILERS); }

  Verdict run(const char* moment, Message& message, hyalite_part part, Body* body = nullptr) {
    for (Edit& edit : edits_of(moment)) {
      bool final = false;
      const hyalite_status status = make(edit, message, part, body, final);
      if (status != edit.expected) {
        std::fprintf(stderr, "'%s' was answered with %d\n", edit.text.c_str(), static_cast<int>(status));
        return message.reset("not as expected");
      }
      if (final && status == HYALITE_OK) return Verdict::final;
    }
    return Verdict::go_on;
  }

  hyalite_status make(Edit& edit, Message& message, hyalite_part part, Body* body, bool& final) {
    std::string rest = edit.arguments;
    hyalite_exchange* exchange = message.raw();
    if (edit.verb == "method") return host().http->set_method(exchange, raw(rest));
    if (edit.verb == "target") return host().http->set_target(exchange, raw(rest));
    if (edit.verb == "status") {
      const auto status = static_cast<std::uint32_t>(std::atoi(take(rest, " ").c_str()));
      return host().http->set_status(exchange, status, raw(rest));
    }
    if (edit.verb == "want") {
      message.want_response_body(wish_of(rest));
      return part == HYALITE_PART_REQUEST ? message.want_request_body(wish_of(rest)) : HYALITE_OK;
    }
    if (edit.verb == "respond") return final = true, respond(exchange, rest);
    if (edit.verb == "drop") return host().http->drop_info(exchange);
    if (body != nullptr) return edit_body(edit.verb, rest, *body);
    if (edit.verb == "remove") return message.remove(rest);
    if (edit.verb == "at") {
      const auto index = static_cast<std::uint32_t>(std::atoi(take(rest, " ").c_str()));
      return host().http->header_set_at(exchange, part, index, message.headers().generation, raw(rest));
    }
    const std::string name = take(rest, ": ");
    if (edit.verb == "set") return message.set(name, rest);
    if (edit.verb == "add") return message.append(name, rest);
    return edit.verb == "absent" ? message.set_if_absent(name, rest) : HYALITE_E_FAULT_OF_TEST;
  }

  // STATUS, perhaps a field `|NAME: VALUE|`, and the body.
  hyalite_status respond(hyalite_exchange* exchange, std::string rest) {
    hyalite_response response{};
    response.size = sizeof response;
    response.status = static_cast<std::uint32_t>(std::atoi(take(rest, " ").c_str()));
    std::string name, value;
    hyalite_field field{};
    if (!rest.empty() && rest[0] == '|') {
      take(rest, "|");
      name = take(rest, ": ");
      value = take(rest, "|");
      field.name = raw(name);
      field.value = raw(value);
      response.headers = &field;
      response.header_count = 1;
    }
    response.body = raw(rest);
    return host().http->respond(exchange, &response);
  }

  hyalite_status edit_body(const std::string& verb, const std::string& text, Body& body) {
    if (verb == "replace") {
      const hyalite_status dropped = body.drop(body.size());
      return dropped == HYALITE_OK && body.last() ? body.write(text) : dropped;
    }
    if (verb == "prepend") return body.offset() == 0 && body.retained() == 0 ? body.write(text) : HYALITE_OK;
    if (verb == "mask") {
      const std::string stars(body.size(), '*');
      body.drop(body.size());
      return stars.empty() ? HYALITE_OK : body.write(stars);
    }
    return HYALITE_E_FAULT_OF_TEST;
  }

  static constexpr hyalite_status HYALITE_E_FAULT_OF_TEST = -999;
};
HYALITE_PLUGIN(Editor)
