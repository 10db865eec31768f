// Why a message is not passed on: every reason there is, with its name, its sentence, its status.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hyalite {

// We refuse, we never repair: a message that two parsers could read differently has one of these.
enum class Refusal : std::uint8_t {
  // The start-line (RFC 9112, sections 2.2, 3 and 4).
  empty_line_before_request,
  bad_request_line,
  bad_method,
  ambiguous_method,
  bad_target,
  fragment_in_target,
  target_not_for_method,
  target_too_long,
  http_0_9,
  bad_version,
  unsupported_version,
  bad_status_line,
  // Lines (RFC 9112, sections 2.2 and 5).
  bare_lf,
  bare_cr,
  nul_byte,
  control_character,
  obs_fold,
  space_before_colon,
  no_colon,
  empty_name,
  bad_name,
  lookalike_field,
  head_too_large,
  too_many_fields,
  truncated_head,
  // Host (RFC 9112, section 3.2).
  missing_host,
  several_hosts,
  bad_host,
  host_disagrees,
  // Where the body ends (RFC 9112, section 6).
  bad_content_length,
  several_content_lengths,
  both_lengths,
  bad_transfer_encoding,
  unknown_transfer_coding,
  several_transfer_encodings,
  chunked_in_http_1_0,
  chunked_to_http_1_0,
  body_not_allowed,
  content_too_large,
  // Connection, Upgrade, Expect (RFC 9110, sections 7.6.1, 7.8 and 10.1.1).
  bad_connection,
  framing_named_in_connection,
  bad_upgrade,
  unknown_expectation,
  // What may follow a CONNECT that was refused (RFC 9931, section 7).
  behind_refused_connect,
  // What a response may not do (RFC 9110, sections 9.3.6 and 15.2).
  length_not_allowed,
  interim_to_http_1_0,
  switch_not_asked,
  switched_too_early,
  unasked_extension,
  unasked_response,
  too_many_interim_responses,
  // Chunks and trailers (RFC 9112, section 7.1).
  bad_chunk_size,
  chunk_size_overflow,
  bad_chunk_extension,
  chunk_line_too_long,
  no_crlf_after_chunk,
  trailers_too_large,
  forbidden_trailer,
  truncated_body,
  // The second opinion, and what plugins made.
  second_parser_refused,
  parsers_disagree,
  edit_changed_framing,
};

inline constexpr std::size_t kRefusals =
    static_cast<std::size_t>(Refusal::edit_changed_framing) + 1;

struct RefusalText {
  std::string_view id;        // for metrics and records; never changes once released
  std::string_view sentence;  // for the page and the log, without a trailing dot
  int request_status;         // what the client is answered when a request is refused
};

// The text of a refusal; valid for ever.
const RefusalText& describe(Refusal refusal);

// What the client is answered when a response is refused, whatever the reason.
inline constexpr int kRefusedResponseStatus = 502;

}  // namespace hyalite
