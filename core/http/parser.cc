// The second opinion: llhttp, strict, must read each head and chunk as we do. Known to parser.cc only.
// SPDX-License-Identifier: MIT
#include "http/parser.h"

#include <llhttp.h>

#include <cstring>
#include <string>
#include <type_traits>

#include "http/connection.h"
#include "http/framing.h"

// No lenient flag is ever set. Version 9 has no other mode than strict; version 8 must be compiled
// so.
static_assert(LLHTTP_VERSION_MAJOR >= 8, "llhttp 8.1 or newer");
#if LLHTTP_VERSION_MAJOR < 9
static_assert(LLHTTP_STRICT_MODE, "compile llhttp 8 with -DLLHTTP_STRICT_MODE=1");
#endif

namespace hyalite {

namespace {

#define HYALITE_TEXT_(x) #x
#define HYALITE_TEXT(x) HYALITE_TEXT_(x)
constexpr std::string_view kVersion = HYALITE_TEXT(LLHTTP_VERSION_MAJOR) "." HYALITE_TEXT(
    LLHTTP_VERSION_MINOR) "." HYALITE_TEXT(LLHTTP_VERSION_PATCH);
#undef HYALITE_TEXT
#undef HYALITE_TEXT_

// What llhttp made of a head.
struct Opinion {
  bool complete = false;
  bool chunked = false, coded = false, has_length = false;
  std::uint64_t length = 0;
  bool close = false, keep_alive = false, upgrade = false;
};

int on_headers_complete(llhttp_t* parser) {
  auto& opinion = *static_cast<Opinion*>(parser->data);
  opinion.complete = true;
  opinion.chunked = (parser->flags & F_CHUNKED) != 0;
  opinion.coded = (parser->flags & F_TRANSFER_ENCODING) != 0;
  opinion.has_length = (parser->flags & F_CONTENT_LENGTH) != 0;
  opinion.length = parser->content_length;
  opinion.close = (parser->flags & F_CONNECTION_CLOSE) != 0;
  opinion.keep_alive = (parser->flags & F_CONNECTION_KEEP_ALIVE) != 0;
  opinion.upgrade = parser->upgrade != 0;
  return HPE_PAUSED;
}

int on_message_complete(llhttp_t*) { return HPE_PAUSED; }

// Never destroyed, never changed: parsers keep a pointer to it.
const llhttp_settings_t& head_settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_headers_complete = on_headers_complete;
    return made;
  }();
  return settings;
}

const llhttp_settings_t& body_settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t made;
    llhttp_settings_init(&made);
    made.on_message_complete = on_message_complete;
    return made;
  }();
  return settings;
}

// Where llhttp stands after the last bytes, and whether it read all of them.
struct Stand {
  llhttp_errno_t error = HPE_OK;
  bool at_end = false;
};

Stand feed_head(llhttp_t& parser, Bytes bytes) {
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (error == HPE_OK) return {error, true};
  const char* end = bytes.data() + bytes.size();
  const char* position = llhttp_get_error_pos(&parser);
  return {error, position == end || position == end - 1};
}

// llhttp reads each line by itself, but for what those that frame mean together.
Stand feed_lines(llhttp_t& parser, const Head& head, Bytes lines, Shown shown) {
  if (shown == Shown::everything) return feed_head(parser, lines);
  for (const Field& field : head.fields()) {
    const Bytes line = lines.substr(0, field.size_written());
    lines.remove_prefix(line.size());
    if (!is_framing_field(field.id)) continue;
    const Stand stand = feed_head(parser, line);
    if (stand.error != HPE_OK) return {stand.error, false};
  }
  return feed_head(parser, lines);
}

// llhttp behind the stand-in for a start-line.
struct Begun {
  Begun(llhttp_type_t type, Bytes stand_in) {
    llhttp_init(&parser, type, &head_settings());
    well = llhttp_execute(&parser, stand_in.data(), stand_in.size()) == HPE_OK;
  }
  llhttp_t parser;
  bool well;
};

// Reads the field lines of `head`; must pause on the very last byte.
std::optional<Refusal> read(const Begun& begun, const Head& head, Bytes lines, Shown shown, Opinion& opinion) {
  if (!begun.well) return Refusal::second_parser_refused;
  llhttp_t parser = begun.parser;
  parser.data = &opinion;
  const Stand stand = feed_lines(parser, head, lines, shown);
  if (stand.error != HPE_OK && stand.error != HPE_PAUSED) return Refusal::second_parser_refused;
  const bool paused_there = opinion.complete && stand.error == HPE_PAUSED && stand.at_end;
  return paused_there ? std::nullopt : std::optional(Refusal::parsers_disagree);
}

std::optional<Refusal> compare(const Head& head, const Opinion& opinion) {
  const DeclaredLength ours = declared_length(head);
  const bool same_coding = opinion.chunked == ours.chunked && opinion.coded == ours.chunked;
  const bool same_length =
      opinion.has_length == ours.length.has_value() && opinion.length == ours.length.value_or(0);
  if (!same_coding || !same_length) return Refusal::parsers_disagree;
  // To close where llhttp would go on harms nobody; the other way round, bytes would be taken for a
  // message that are none.
  const ConnectionOptions options = connection_options(head);
  const bool we_stay = !options.close && (head.minor_version() > 0 || options.keep_alive);
  const bool it_stays = !opinion.close && (head.minor_version() > 0 || opinion.keep_alive);
  return we_stay && !it_stays ? std::optional(Refusal::parsers_disagree) : std::nullopt;
}

}  // namespace

std::string_view llhttp_version() { return kVersion; }

std::optional<Refusal> ask_llhttp(const RequestHead& head, Bytes lines, Shown shown) {
  if (shown == Shown::what_frames && !head.frames()) return std::nullopt;
  // For the framing there are but two methods; the targets are ours to judge.
  static const Begun kBegun[2][2] = {{{HTTP_REQUEST, "POST / HTTP/1.0\r\n"}, {HTTP_REQUEST, "POST / HTTP/1.1\r\n"}},
                                     {{HTTP_REQUEST, "CONNECT a:1 HTTP/1.0\r\n"}, {HTTP_REQUEST, "CONNECT a:1 HTTP/1.1\r\n"}}};
  Opinion opinion;
  if (const auto refusal = read(kBegun[head.is_connect()][head.minor_version()], head, lines, shown, opinion)) return refusal;
  const bool offers = head.find(Name::upgrade) != nullptr && connection_options(head).upgrade;
  if (opinion.upgrade != (offers || head.is_connect())) return Refusal::parsers_disagree;
  return compare(head, opinion);
}

namespace {

Begun begun_as(const ResponseHead& head) {
  char stand_in[] = "HTTP/1.1 000 \r\n";
  stand_in[7] = static_cast<char>('0' + head.minor_version());
  stand_in[9] = static_cast<char>('0' + head.status() / 100);
  stand_in[10] = static_cast<char>('0' + head.status() / 10 % 10);
  stand_in[11] = static_cast<char>('0' + head.status() % 10);
  return {HTTP_RESPONSE, {stand_in, sizeof stand_in - 1}};
}

}  // namespace

std::optional<Refusal> ask_llhttp(const ResponseHead& head, Bytes lines, Shown shown) {
  if (shown == Shown::what_frames && !head.frames()) return std::nullopt;
  // Most statuses are 200, and their first line need not be read each time.
  static const Begun kOk[2] = {{HTTP_RESPONSE, "HTTP/1.0 200 \r\n"}, {HTTP_RESPONSE, "HTTP/1.1 200 \r\n"}};
  Opinion opinion;
  const auto refused = head.status() == 200 ? read(kOk[head.minor_version()], head, lines, shown, opinion)
                                            : read(begun_as(head), head, lines, shown, opinion);
  if (refused) return refused;
  if (opinion.upgrade != (head.status() == 101)) return Refusal::parsers_disagree;
  return compare(head, opinion);
}

namespace {

static_assert(sizeof(llhttp_t) <= sizeof(ChunkWitness) &&
              alignof(llhttp_t) <= alignof(ChunkWitness));
static_assert(std::is_trivially_copyable_v<llhttp_t>);

llhttp_t& as_parser(std::array<std::byte, 160>& bytes) {
  return *reinterpret_cast<llhttp_t*>(bytes.data());
}

std::optional<Refusal> feed(llhttp_t& parser, Bytes bytes, std::uint64_t ahead) {
  const llhttp_errno_t error = llhttp_execute(&parser, bytes.data(), bytes.size());
  if (error == HPE_PAUSED) return Refusal::parsers_disagree;  // an end where we see none
  if (error != HPE_OK) return Refusal::second_parser_refused;
  return parser.content_length == ahead ? std::nullopt : std::optional(Refusal::parsers_disagree);
}

}  // namespace

void ChunkWitness::start() {
  // llhttp reads the chunks of requests and of responses in the same way.
  constexpr Bytes kHead = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  llhttp_t& parser = *new (parser_.data()) llhttp_t;
  llhttp_init(&parser, HTTP_REQUEST, &body_settings());
  llhttp_execute(&parser, kHead.data(), kHead.size());
}

namespace {

// llhttp refuses some extensions that RFC 9112 allows: those our own check judges alone.
bool is_shown_extensions(Bytes line, std::size_t digits) {
  const Bytes behind = line.substr(digits);
  if (behind.find(';') == Bytes::npos) return true;
#if LLHTTP_VERSION_MAJOR < 9
  return false;  // neither `;a=b;c` nor a quoted-pair
#else
  return behind.find_first_of(" \t") == Bytes::npos;  // no white space
#endif
}

}  // namespace

std::optional<Refusal> ChunkWitness::size_line(Bytes line, std::size_t digits, std::uint64_t size) {
  llhttp_t& parser = as_parser(parser_);
  if (!is_shown_extensions(line, digits)) {
    if (const auto refusal = feed(parser, line.substr(0, digits), size)) return refusal;
    return feed(parser, "\r\n", size);
  }
  return feed(parser, line, size);
}

std::optional<Refusal> ChunkWitness::data(Bytes bytes, std::uint64_t ahead) {
  return feed(as_parser(parser_), bytes, ahead);
}

std::optional<Refusal> ChunkWitness::data_end(Bytes crlf) {
  return feed(as_parser(parser_), crlf, 0);
}

std::optional<Refusal> ChunkWitness::last(Bytes section) {
  llhttp_t& parser = as_parser(parser_);
  const Bytes all_but_one = section.substr(0, section.size() - 1);
  if (const auto refusal = feed(parser, all_but_one, 0)) return refusal;
  const llhttp_errno_t error = llhttp_execute(&parser, section.data() + all_but_one.size(), 1);
  if (error == HPE_PAUSED) return std::nullopt;
  return error == HPE_OK ? Refusal::parsers_disagree : Refusal::second_parser_refused;
}

}  // namespace hyalite
