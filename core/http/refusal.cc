// Why a message is not passed on: every reason there is, with its name, its sentence, its status.
// SPDX-License-Identifier: MIT
#include "http/refusal.h"

#include <array>

namespace hyalite {

namespace {

// In the order of Refusal.
constexpr std::array<RefusalText, kRefusals> kTexts = {{
    {"empty_line_before_request", "More than one empty line stands before the request", 400},
    {"bad_request_line",
     "The request line is not a method, a target and a version with one space between them", 400},
    {"bad_method", "The method is not a token", 400},
    {"ambiguous_method",
     "The method is HEAD or CONNECT in another case, which some readers take for the same", 400},
    {"bad_target", "The request target is of no form that HTTP knows", 400},
    {"fragment_in_target", "The request target has a fragment", 400},
    {"target_not_for_method", "The request target has a form that this method cannot have", 400},
    {"target_too_long", "The request line is longer than the limit", 414},
    {"http_0_9", "The request line has no version, as in HTTP/0.9", 400},
    {"bad_version", "The version is not written as HTTP/1.1 or HTTP/1.0", 400},
    {"unsupported_version", "The version is neither HTTP/1.1 nor HTTP/1.0", 505},
    {"bad_status_line", "The status line is not a version, a status of three digits and a reason",
     400},
    {"bare_lf", "A line ends in LF without CR", 400},
    {"bare_cr", "A CR stands within a line", 400},
    {"nul_byte", "A NUL byte stands within a line", 400},
    {"control_character", "A control character stands within a line", 400},
    {"obs_fold", "A line begins with white space", 400},
    {"space_before_colon", "White space stands between a field's name and its colon", 400},
    {"no_colon", "A field line has no colon", 400},
    {"empty_name", "A field line has no name", 400},
    {"bad_name", "A field's name is not a token", 400},
    {"lookalike_field",
     "A field's name looks like Content-Length or Transfer-Encoding, but has an underscore", 400},
    {"head_too_large", "The head is larger than the limit", 431},
    {"too_many_fields", "There are more fields than the limit allows", 431},
    {"truncated_head", "The connection ended within a head", 400},
    {"missing_host", "An HTTP/1.1 request has no Host", 400},
    {"several_hosts", "The request has more than one Host", 400},
    {"bad_host", "Host is not a name or an address with perhaps a port", 400},
    {"host_disagrees", "Host and the authority in the request target differ", 400},
    {"bad_content_length", "Content-Length is not one decimal number", 400},
    {"several_content_lengths", "There is more than one Content-Length", 400},
    {"both_lengths", "There are both Content-Length and Transfer-Encoding", 400},
    {"bad_transfer_encoding", "Transfer-Encoding is not chunked alone", 400},
    {"unknown_transfer_coding", "Transfer-Encoding names codings other than chunked", 501},
    {"several_transfer_encodings", "There is more than one Transfer-Encoding", 400},
    {"chunked_in_http_1_0", "An HTTP/1.0 message has a Transfer-Encoding", 400},
    {"chunked_to_http_1_0", "The answer to an HTTP/1.0 request has a Transfer-Encoding", 400},
    {"body_not_allowed", "A CONNECT or TRACE request has a body", 400},
    {"content_too_large", "The content is larger than the limit", 413},
    {"bad_connection", "Connection is not a list of tokens", 400},
    {"framing_named_in_connection",
     "Connection names a field that decides where the message ends or goes", 400},
    {"bad_upgrade", "Upgrade is not one clear list of protocols, or is where it cannot be", 400},
    {"unknown_expectation", "Expect is not 100-continue", 417},
    {"behind_refused_connect",
     "What follows a CONNECT that was refused for want of authentication is not another CONNECT",
     400},
    {"length_not_allowed", "A response that cannot have a body announces one", 400},
    {"interim_to_http_1_0", "A 1xx response where HTTP/1.0 is spoken", 400},
    {"switch_not_asked", "The response switches to a protocol that was not asked for", 400},
    {"switched_too_early", "The response switches protocols before the request has ended", 400},
    {"unasked_extension", "The response agrees on a WebSocket extension that was not offered", 400},
    {"unasked_response", "Bytes of a response for which there is no request", 400},
    {"too_many_interim_responses",
     "More 1xx responses come before the final one than the limit allows", 400},
    {"bad_chunk_size", "The size of a chunk is not a hexadecimal number", 400},
    {"chunk_size_overflow", "The size of a chunk is too large a number", 400},
    {"bad_chunk_extension", "The extension of a chunk is malformed", 400},
    {"chunk_line_too_long", "The line of a chunk's size is longer than the limit", 400},
    {"no_crlf_after_chunk", "The data of a chunk are not followed by CRLF", 400},
    {"trailers_too_large", "The trailer section is larger than the limit", 431},
    {"forbidden_trailer", "The trailer section has a field that may not be there", 400},
    {"truncated_body", "The connection ended within a body", 400},
    {"second_parser_refused", "The second parser refuses what the first accepts", 400},
    {"parsers_disagree", "Two parsers read the message differently", 400},
    {"edit_changed_framing", "After the edits of plugins the body would end elsewhere", 400},
}};

static_assert(!kTexts.back().id.empty(), "one row per Refusal");

}  // namespace

const RefusalText& describe(Refusal refusal) { return kTexts[static_cast<std::size_t>(refusal)]; }

}  // namespace hyalite
