// Our own strict check, line by line, before llhttp sees a byte, and the index that it leaves behind.
// SPDX-License-Identifier: MIT
#include "http/strict.h"

#include "base/text.h"
#include "http/characters.h"
#include "http/target.h"

namespace hyalite {

namespace {

constexpr Bytes kCrLf = "\r\n";

bool is_control(char c) { return !is_in(c, kValueCharacter); }

Refusal refusal_of_control(char c) {
  if (c == '\0') return Refusal::nul_byte;
  return c == '\r' ? Refusal::bare_cr : Refusal::control_character;
}

// The first control character of a line decides what is said about the line.
std::optional<Refusal> check_controls(Bytes line) {
  const std::size_t fine = run_of_values(line);
  if (fine == line.size()) return std::nullopt;
  return refusal_of_control(line[fine]);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "HTTP/1.1" and "HTTP/1.0" in exactly these letters.
std::optional<Refusal> parse_version(Bytes text, unsigned& minor_version) {
  const bool well_formed = text.size() == 8 && text.substr(0, 5) == "HTTP/" && is_digit(text[5]) &&
                           text[6] == '.' && is_digit(text[7]);
  if (!well_formed) return Refusal::bad_version;
  if (text[5] != '1' || text[7] > '1') return Refusal::unsupported_version;
  minor_version = static_cast<unsigned>(text[7] - '0');
  return std::nullopt;
}

std::optional<Refusal> check_method(Bytes method) {
  if (!is_token(method)) return Refusal::bad_method;
  // A server that takes "head" for HEAD sends no body; then the next response would be taken for
  // this one's body.
  for (Bytes special : {Bytes("HEAD"), Bytes("CONNECT")}) {
    if (method != special && equals_ignoring_case(method, special))
      return Refusal::ambiguous_method;
  }
  return std::nullopt;
}

// What is wrong with a line whose name ends at `at` without a colon there.
Refusal refusal_of_name(Bytes line, std::size_t at) {
  if (at < line.size() && is_control(line[at])) return refusal_of_control(line[at]);
  if (line.find(':', at) == Bytes::npos) return Refusal::no_colon;
  const std::size_t after_space = line.find_first_not_of(" \t", at);
  return after_space > at && line[after_space] == ':' ? Refusal::space_before_colon
                                                      : Refusal::bad_name;
}

// Takes the first line, with its CRLF, off the front.
Bytes take_line(Bytes& lines) {
  const Bytes line = lines.substr(0, lines.find('\n') + 1);
  lines.remove_prefix(line.size());
  return line;
}

Bytes without_crlf(Bytes line) { return line.substr(0, line.size() - kCrLf.size()); }

}  // namespace

std::optional<Refusal> parse_request_line(Bytes line, RequestLine& out) {
  if (const auto refusal = check_controls(line)) return refusal;
  const std::size_t first = line.find(' ');
  if (first == 0 || first == Bytes::npos || line.find('\t') != Bytes::npos)
    return Refusal::bad_request_line;
  const std::size_t second = line.find(' ', first + 1);
  if (second == first + 1) return Refusal::bad_request_line;
  if (second == Bytes::npos)
    return first + 1 == line.size() ? Refusal::bad_request_line : Refusal::http_0_9;
  const Bytes version = line.substr(second + 1);
  if (version.find(' ') != Bytes::npos) return Refusal::bad_request_line;
  out.method = line.substr(0, first);
  out.target = line.substr(first + 1, second - first - 1);
  if (const auto refusal = parse_version(version, out.minor_version)) return refusal;
  if (const auto refusal = check_method(out.method)) return refusal;
  return check_target(out.method, out.target);
}

std::optional<Refusal> parse_status_line(Bytes line, StatusLine& out) {
  if (const auto refusal = check_controls(line)) return refusal;
  const Bytes version = line.substr(0, line.find(' '));
  if (const auto refusal = parse_version(version, out.minor_version)) return refusal;
  const Bytes rest = line.substr(version.size());
  if (rest.size() < 4 || rest[1] < '1' || !is_digit(rest[1]) || !is_digit(rest[2]) ||
      !is_digit(rest[3])) {
    return Refusal::bad_status_line;
  }
  if (rest.size() > 4 && rest[4] != ' ') return Refusal::bad_status_line;
  out.status = (rest[1] - '0') * 100 + (rest[2] - '0') * 10 + (rest[3] - '0');
  out.reason = rest.size() > 5 ? rest.substr(5) : Bytes{};
  return std::nullopt;
}

std::optional<Refusal> take_field(Bytes& lines, Field& out) {
  if (lines[0] == ' ' || lines[0] == '\t') return Refusal::obs_fold;
  const std::size_t colon = run_of_name(lines.data());
  if (lines[colon] != ':') return refusal_of_name(without_crlf(take_line(lines)), colon);
  if (colon == 0) return Refusal::empty_name;
  out.name = lines.substr(0, colon);
  // The first control character is the CR of the line's end, or wrong.
  const Bytes behind = lines.substr(colon + 1);
  const std::size_t size = run_of_values(behind);
  if (behind.substr(size, kCrLf.size()) != kCrLf) return refusal_of_control(behind[size]);
  out.value = trim(behind.substr(0, size));
  out.line = lines.substr(0, colon + 1 + size + kCrLf.size());
  lines.remove_prefix(out.line.size());
  out.hash = hash_of_name(out.name);
  out.id = name_of(out.name, out.hash);
  if (out.id == Name::other && is_lookalike(out.name)) return Refusal::lookalike_field;
  return std::nullopt;
}

std::optional<Refusal> Indexer::index_lines(Bytes lines, std::size_t most_fields, Fields& fields) {
  while (!lines.empty()) {
    if (fields.fields_.size() == most_fields) return Refusal::too_many_fields;
    Field field;
    if (const auto refusal = take_field(lines, field)) return refusal;
    fields.add(field);
  }
  return std::nullopt;
}

// Returns the field lines, without the start-line and the empty line.
Bytes Indexer::begin_head(Bytes raw, std::size_t most_fields, Head& head) {
  head.clear(Fields::Place::head, most_fields);
  head.raw_ = raw;
  Bytes lines = without_crlf(raw);
  head.start_line_ = take_line(lines);
  return lines;
}

std::optional<Refusal> Indexer::index(Bytes raw, std::size_t most_fields, RequestHead& head) {
  const Bytes lines = begin_head(raw, most_fields, head);
  if (const auto refusal = index_start(without_crlf(head.start_line_), head)) return refusal;
  return index_lines(lines, most_fields, head);
}

std::optional<Refusal> Indexer::index_start(Bytes line, RequestHead& head) {
  RequestLine parsed;
  const auto refusal = parse_request_line(line, parsed);
  head.start_pieces_ = {parsed.method, parsed.target};
  head.minor_version_ = parsed.minor_version;
  return refusal;
}

std::optional<Refusal> Indexer::index(Bytes raw, std::size_t most_fields, ResponseHead& head) {
  const Bytes lines = begin_head(raw, most_fields, head);
  StatusLine line;
  if (const auto refusal = parse_status_line(without_crlf(head.start_line_), line)) return refusal;
  head.status_ = line.status;
  head.start_pieces_ = {line.reason, Bytes{}};
  head.minor_version_ = line.minor_version;
  return index_lines(lines, most_fields, head);
}

std::optional<Refusal> Indexer::index(Bytes raw, std::size_t most_fields, Trailers& trailers) {
  trailers.clear(Fields::Place::trailers, most_fields);
  trailers.raw_ = raw;
  return index_lines(raw, most_fields, trailers);
}

std::optional<Refusal> check_trailers(Bytes raw, std::size_t most_fields) {
  for (std::size_t fields = 0; !raw.empty(); ++fields) {
    if (fields == most_fields) return Refusal::trailers_too_large;
    Field field;
    if (const auto refusal = take_field(raw, field)) return refusal;
    if (!may_be_trailer(field.id)) return Refusal::forbidden_trailer;
  }
  return std::nullopt;
}

}  // namespace hyalite
