// The last look at a head that was edited, at the bytes that are about to be sent.
// SPDX-License-Identifier: MIT
#include "http/recheck.h"

#include "http/parser.h"
#include "http/strict.h"

namespace hyalite {

namespace {

constexpr Bytes kCrLf = "\r\n", kEmptyLine = "\r\n\r\n";

// A head that came at its limits may still be framed anew by the host: a Content-Length or Transfer-Encoding, a Connection. And
// plugins may have added fields.
constexpr std::size_t kFramingBytes = 128, kFramingFields = 2;

std::optional<Refusal> check_size(Bytes written, const Head& edited, const HeadLimits& limits) {
  if (written.size() > limits.bytes + kFramingBytes) return Refusal::head_too_large;
  if (edited.fields().size() > limits.fields + Fields::kRoomForPlugins + kFramingFields) return Refusal::too_many_fields;
  // What reads lines relies on it.
  return written.ends_with(kEmptyLine) ? std::nullopt : std::optional(Refusal::edit_changed_framing);
}

// Takes `line`, which is there to be sent as it came.
bool take_as_it_came(Bytes line, Bytes& written) {
  if (!written.starts_with(line)) return false;
  written.remove_prefix(line.size());
  return true;
}

// Takes a line that was made anew, without its CRLF.
Bytes take_new_line(Bytes& written) {
  const Bytes line = written.substr(0, written.find(kCrLf));
  written.remove_prefix(line.size() + kCrLf.size());
  return line;
}

std::optional<Refusal> unless(bool as_meant) { return as_meant ? std::nullopt : std::optional(Refusal::edit_changed_framing); }

std::optional<Refusal> take_start(Bytes& written, const RequestHead& edited) {
  if (!edited.start_line().empty()) return unless(take_as_it_came(edited.start_line(), written));
  RequestLine line;
  if (const auto refusal = parse_request_line(take_new_line(written), line)) return refusal;
  return unless(line.method == edited.method() && line.target == edited.target() && line.minor_version == edited.minor_version());
}

std::optional<Refusal> take_start(Bytes& written, const ResponseHead& edited) {
  if (!edited.start_line().empty()) return unless(take_as_it_came(edited.start_line(), written));
  StatusLine line;
  if (const auto refusal = parse_status_line(take_new_line(written), line)) return refusal;
  return unless(line.status == edited.status() && line.reason == edited.reason() && line.minor_version == edited.minor_version());
}

std::optional<Refusal> take_new_field(Bytes& lines, const Field& meant) {
  Field read;
  if (const auto refusal = take_field(lines, read)) return refusal;
  return unless(read.name == meant.name && read.value == meant.value && read.id == meant.id);
}

// `lines` are all that follows the start-line.
std::optional<Refusal> check_lines(Bytes lines, const Fields& edited) {
  for (const Field& field : edited.fields()) {
    const auto refusal = field.line.empty() ? take_new_field(lines, field) : unless(take_as_it_came(field.line, lines));
    if (refusal) return refusal;
    if (lines.empty()) return Refusal::edit_changed_framing;
  }
  return unless(lines == kCrLf);
}

}  // namespace

std::optional<Refusal> recheck_request(Bytes written, const RequestHead& edited, const Framing& meant, const HeadLimits& limits) {
  if (const auto refusal = check_size(written, edited, limits)) return refusal;
  if (const auto refusal = take_start(written, edited)) return refusal;
  if (const auto refusal = check_lines(written, edited)) return refusal;
  if (const auto refusal = check_framing(edited)) return refusal;
  if (framing_of(edited) != meant) return Refusal::edit_changed_framing;
  return edited.frames_as_it_came() ? std::nullopt : ask_llhttp(edited, written);
}

std::optional<Refusal> recheck_response(Bytes written, const ResponseHead& edited, const Asked& asked, const Framing& meant,
                                        const HeadLimits& limits) {
  if (const auto refusal = check_size(written, edited, limits)) return refusal;
  if (const auto refusal = take_start(written, edited)) return refusal;
  if (const auto refusal = check_lines(written, edited)) return refusal;
  if (framing_of(edited, asked) != meant) return Refusal::edit_changed_framing;
  if (edited.frames_as_it_came()) return std::nullopt;
  if (const auto refusal = check_framing(edited, asked)) return refusal;
  return ask_llhttp(edited, written);
}

}  // namespace hyalite
