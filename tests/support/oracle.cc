// The referee of the tests: a strict HTTP/1 parser of its own, from the text of RFC 9110 and 9112.
// SPDX-License-Identifier: MIT
#include "oracle.h"

#include <algorithm>
#include <array>
#include <bit>

namespace oracle {

namespace {

struct CutShort {};
struct NotBegun {};
struct Malformed {
  std::string why;
};

[[noreturn]] void malformed(std::string why) { throw Malformed{std::move(why)}; }

// ---- characters (RFC 5234, RFC 9110 section 5.6.2)

bool digit(char c) { return c >= '0' && c <= '9'; }
bool alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool tchar(char c) { return digit(c) || alpha(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos; }
bool visible(char c) { return (c > 0x20 && c != 0x7f) || (c & 0x80) != 0; }
bool value_char(char c) { return visible(c) || c == ' ' || c == '\t'; }

template <class Some, class Is>
bool all(const Some& some, Is is) {
  return std::all_of(some.begin(), some.end(), is);
}

bool token(std::string_view text) { return !text.empty() && all(text, tchar); }

std::string small(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view stripped(std::string_view text) {
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  return text;
}

// RFC 9110, 5.6.1: elements between commas, empty ones left out, in lower case.
std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    const std::string_view element = stripped(text.substr(from, to - from));
    if (!element.empty()) out.push_back(small(element));
    from = to + 1;
  }
  return out;
}

// ---- the stream

struct Cursor {
  std::string_view stream;
  std::size_t at = 0;

  bool at_end() const { return at == stream.size(); }
  // One line, without its CRLF; both CR and LF stand in it together at the end and nowhere else.
  std::string_view line() {
    const std::size_t from = at;
    for (; at < stream.size(); ++at) {
      const char c = stream[at];
      if (c == '\n') malformed("LF without CR");
      if (c == '\0') malformed("NUL in a line");
      if (c != '\r') continue;
      if (at + 1 == stream.size()) throw CutShort{};
      if (stream[at + 1] != '\n') malformed("CR without LF");
      at += 2;
      return stream.substr(from, at - 2 - from);
    }
    throw CutShort{};
  }
  std::string_view take(std::uint64_t n) {
    if (n > stream.size() - at) throw CutShort{};
    const std::string_view out = stream.substr(at, static_cast<std::size_t>(n));
    at += out.size();
    return out;
  }
};

// ---- fields (RFC 9112, section 5)

Line field_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) malformed("a field line without a colon");
  const std::string_view name = line.substr(0, colon), value = line.substr(colon + 1);
  if (!token(name)) malformed("a field name that is no token");
  if (!all(value, value_char)) malformed("a control character in a field value");
  return {std::string(name), std::string(stripped(value))};
}

std::vector<Line> field_lines(Cursor& in) {
  std::vector<Line> out;
  for (std::string_view line = in.line(); !line.empty(); line = in.line()) out.push_back(field_line(line));
  return out;
}

std::vector<std::string> all_of_name(const std::vector<Line>& fields, std::string_view name) {
  std::vector<std::string> out;
  for (const Line& field : fields) {
    if (small(field.name) == name) out.push_back(field.value);
  }
  return out;
}

std::vector<std::string> joined_list(const std::vector<Line>& fields, std::string_view name) {
  std::vector<std::string> out;
  for (const std::string& value : all_of_name(fields, name)) {
    for (std::string& element : list_of(value)) out.push_back(std::move(element));
  }
  return out;
}

bool has(const std::vector<std::string>& list, std::string_view element) {
  return std::find(list.begin(), list.end(), element) != list.end();
}

// RFC 9110, 7.6.1. An intermediary removes what is named: without these the message ends, or goes, elsewhere.
void check_connection(const Message& message, bool request) {
  const std::vector<std::string> options = joined_list(message.fields, "connection");
  if (!all(options, [](const std::string& option) { return token(option); })) malformed("Connection is no list of tokens");
  if (has(options, "content-length")) malformed("Connection names Content-Length");
  if (!request) return;
  for (const char* name : {"transfer-encoding", "host", "connection"}) {
    if (has(options, name)) malformed(std::string("Connection names ") + name);
  }
}

// ---- the body's length (RFC 9112, section 6)

struct Length {
  bool chunked = false;
  bool coded = false;  // a Transfer-Encoding that does not end in chunked
  std::optional<std::uint64_t> bytes;
};

std::uint64_t content_length(const std::string& text) {
  if (text.empty() || !all(text, digit)) malformed("Content-Length is no number");
  std::uint64_t n = 0;
  for (char c : text) {
    const auto d = static_cast<std::uint64_t>(c - '0');
    if (n > (static_cast<std::uint64_t>(INT64_MAX) - d) / 10) malformed("Content-Length overflows");
    n = n * 10 + d;
  }
  return n;
}

Length length_of(const Message& message) {
  Length length;
  const auto lengths = all_of_name(message.fields, "content-length");
  const auto codings = all_of_name(message.fields, "transfer-encoding");
  if (!lengths.empty() && !codings.empty()) malformed("Content-Length and Transfer-Encoding");
  if (lengths.size() > 1) malformed("several Content-Length");
  if (!lengths.empty()) length.bytes = content_length(lengths[0]);
  if (codings.empty()) return length;
  if (message.http_1_0) malformed("Transfer-Encoding in HTTP/1.0");
  const std::vector<std::string> list = joined_list(message.fields, "transfer-encoding");
  if (list.empty() || !all(list, [](const std::string& coding) { return token(coding); })) malformed("bad Transfer-Encoding");
  const auto chunked = std::count(list.begin(), list.end(), "chunked");
  if (chunked > 1 || (chunked == 1 && list.back() != "chunked")) malformed("chunked is not the last coding");
  length.chunked = chunked == 1;
  length.coded = chunked == 0;
  return length;
}

// ---- chunks (RFC 9112, section 7.1)

int hex(char c) {
  if (digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )
void check_extensions(std::string_view rest) {
  std::size_t at = 0;
  const auto more = [&] { return at < rest.size(); };
  const auto blank = [&] { while (more() && (rest[at] == ' ' || rest[at] == '\t')) ++at; };
  const auto word = [&] {
    const std::size_t from = at;
    while (more() && tchar(rest[at])) ++at;
    if (at == from) malformed("a chunk extension without a name or value");
  };
  const auto quoted = [&] {
    for (++at; more() && rest[at] != '"'; ++at) {
      if (rest[at] == '\\') ++at;
      if (!more() || !value_char(rest[at])) malformed("a bad quoted chunk extension");
    }
    if (!more()) malformed("an open quote in a chunk extension");
    ++at;
  };
  while (more()) {
    blank();
    if (!more() || rest[at] != ';') malformed("something behind a chunk's size that is no extension");
    ++at;
    blank();
    word();
    const std::size_t behind = at;
    blank();
    if (!more() || rest[at] != '=') {
      at = behind;
      continue;
    }
    ++at;
    blank();
    if (more() && rest[at] == '"') {
      quoted();
    } else {
      word();
    }
  }
}

std::uint64_t chunk_size(std::string_view line) {
  std::uint64_t size = 0;
  std::size_t at = 0;
  for (; at < line.size() && hex(line[at]) >= 0; ++at) {
    if (size >> 59 != 0) malformed("a chunk's size overflows");
    size = size * 16 + static_cast<std::uint64_t>(hex(line[at]));
  }
  if (at == 0) malformed("no chunk size");
  check_extensions(line.substr(at));
  return size;
}

// RFC 9110, 6.5.1: what frames, routes, authenticates, modifies or says what the content is.
void check_trailers(const std::vector<Line>& trailers) {
  constexpr std::array kForbidden = {
      "transfer-encoding", "content-length", "host", "connection", "trailer", "te", "upgrade", "expect", "authorization", "cookie",
      "set-cookie", "content-encoding", "content-type", "content-range", "cache-control", "max-forwards", "range"};
  for (const Line& line : trailers) {
    for (const char* name : kForbidden) {
      if (small(line.name) == name) malformed(std::string("a trailer that may not be one: ") + name);
    }
  }
}

void read_chunks(Cursor& in, Message& message) {
  for (std::uint64_t size = chunk_size(in.line()); size > 0; size = chunk_size(in.line())) {
    message.content += in.take(size);
    // A byte that cannot become the CRLF is told at once.
    const std::string_view there = in.stream.substr(in.at, 2);
    if (there != std::string_view("\r\n").substr(0, there.size())) malformed("no CRLF behind a chunk");
    in.take(2);
  }
  message.trailers = field_lines(in);
  check_trailers(message.trailers);
}

// ---- authorities (RFC 3986, section 3.2.2)

struct Authority {
  std::string host, port;
};

bool reg_name(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || hex(text[i + 1]) < 0 || hex(text[i + 2]) < 0) return false;
      i += 2;
    } else if (!alpha(text[i]) && !digit(text[i]) &&
               std::string_view("-._~!$&'()*+,;=").find(text[i]) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

Authority authority(std::string_view text) {
  std::size_t colon = text.find(':');
  if (!text.empty() && text[0] == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos || close < 3) malformed("a bracket that is not closed");
    const auto inside = [](char c) { return hex(c) >= 0 || c == ':' || c == '.'; };
    const std::string_view address = text.substr(1, close - 1);
    if (!all(address, inside) || address.find(':') == std::string_view::npos) malformed("no IPv6 address in brackets");
    if (close + 1 < text.size() && text[close + 1] != ':') malformed("something behind the bracket");
    colon = close + 1 < text.size() ? close + 1 : std::string_view::npos;
  } else if (!reg_name(text.substr(0, colon))) {
    malformed("no host name");
  }
  const std::string_view port = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (!all(port, digit) || port.size() > 5) malformed("a port that is no number");
  return {small(text.substr(0, colon)), std::string(port)};
}

// ---- requests

struct Target {
  std::optional<Authority> authority;
  std::string default_port;
};

// Reads it as UTF-8 from the front, and tells whether its last byte is 85 or A0 and no part of a character.
bool ends_in_a_lone_blank(std::string_view text) {
  bool lone = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const int ones = std::countl_one(first);
    std::size_t size = ones == 0 ? 1 : ones >= 2 && ones <= 4 && first != 0xc0 && first != 0xc1 && first < 0xf5 ? static_cast<std::size_t>(ones) : 0;
    for (std::size_t i = 1; i < size; ++i) {
      if (at + i >= text.size() || std::countl_one(static_cast<unsigned char>(text[at + i])) != 1) size = 0;
    }
    lone = size == 0 && (first == 0x85 || first == 0xa0);
    at += std::max<std::size_t>(size, 1);
  }
  return lone;
}

Target check_target(const Message& request) {
  const std::string_view target = request.target;
  if (target.empty() || !all(target, visible)) malformed("a bad target");
  if (ends_in_a_lone_blank(target)) malformed("white space of Latin-1 behind the target");
  if (target.find('#') != std::string_view::npos) malformed("a fragment in the target");
  if (request.method == "CONNECT") {
    const Authority where = authority(target);
    if (where.host.empty() || where.port.empty()) malformed("CONNECT without host and port");
    return {where, ""};
  }
  if (target[0] == '/') return {};
  if (target == "*") {
    if (request.method != "OPTIONS") malformed("an asterisk, but not for OPTIONS");
    return {};
  }
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos || !alpha(target[0])) malformed("a target of no form");
  const std::string scheme = small(target.substr(0, colon));
  if (!all(scheme, [](char c) { return alpha(c) || digit(c) || c == '+' || c == '-' || c == '.'; })) malformed("a bad scheme");
  const std::string_view rest = target.substr(colon + 3);
  const Authority where = authority(rest.substr(0, rest.find_first_of("/?")));
  if (where.host.empty()) malformed("a target without a host");
  const bool secure = scheme == "https" || scheme == "wss";
  return {where, scheme == "http" || scheme == "ws" ? "80" : secure ? "443" : ""};
}

void check_host(const Message& request, const Target& target) {
  const auto hosts = all_of_name(request.fields, "host");
  if (hosts.size() > 1) malformed("several Host");
  if (hosts.empty()) {
    if (!request.http_1_0) malformed("no Host");
    return;
  }
  const Authority host = authority(hosts[0]);
  if (!target.authority) return;
  const auto port = [&](const Authority& a) { return a.port.empty() ? target.default_port : a.port; };
  const bool left_out = request.method == "CONNECT" && host.port.empty();
  if (host.host != target.authority->host || (!left_out && port(host) != port(*target.authority))) {
    malformed("Host is not the target's authority");
  }
}

bool version(std::string_view text, bool& http_1_0) {
  if (text.size() != 8 || text.substr(0, 7) != "HTTP/1." || !digit(text[7])) return false;
  http_1_0 = text[7] == '0';
  return true;
}

void request_line(std::string_view line, Message& request) {
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) malformed("a request line of other than three parts");
  request.method = line.substr(0, first);
  request.target = line.substr(first + 1, last - first - 1);
  if (!token(request.method)) malformed("a method that is no token");
  if (request.target.find(' ') != std::string::npos) malformed("a space in the target");
  if (!version(line.substr(last + 1), request.http_1_0)) malformed("a bad version");
}

void check_upgrade(Message& request) {
  const auto upgrade = all_of_name(request.fields, "upgrade");
  if (upgrade.empty()) return;
  const auto protocols = joined_list(request.fields, "upgrade");
  const auto protocol = [](const std::string& text) {
    const std::size_t slash = text.find('/');
    return token(text.substr(0, slash)) && (slash == std::string::npos || token(text.substr(slash + 1)));
  };
  if (protocols.empty() || !all(protocols, protocol)) malformed("Upgrade is no list of protocols");
  request.offers_upgrade = !request.http_1_0 && has(joined_list(request.fields, "connection"), "upgrade");
}

// `begun` gets what was read once the head is fine.
void read_request(Cursor& in, std::optional<Message>& begun) {
  Message request;
  request.begin = in.at;
  request_line(in.line(), request);
  request.fields = field_lines(in);
  const Target target = check_target(request);
  check_host(request, target);
  check_connection(request, true);
  const Length length = length_of(request);
  if (length.coded) malformed("a request's Transfer-Encoding does not end in chunked");
  const bool no_body = request.method == "CONNECT" || request.method == "TRACE";
  if (no_body && (length.chunked || length.bytes.value_or(0) > 0)) malformed("a body for " + request.method);
  check_upgrade(request);
  request.chunked = length.chunked;
  request.length = length.bytes;
  begun = request;
  if (length.chunked) {
    read_chunks(in, *begun);
  } else {
    begun->content = in.take(length.bytes.value_or(0));
  }
  begun->end = in.at;
}

// ---- responses

void status_line(std::string_view line, Message& response) {
  if (line.size() < 12 || !version(line.substr(0, 8), response.http_1_0) || line[8] != ' ') malformed("a bad status line");
  const std::string_view status = line.substr(9, 3);
  if (!all(status, digit) || status[0] == '0') malformed("a bad status");
  response.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  // The space behind the status is part of the grammar even when no reason follows; nobody reads its absence otherwise.
  const std::string_view rest = line.substr(12);
  if (!rest.empty() && rest[0] != ' ') malformed("something behind the status");
  if (!all(rest, value_char)) malformed("a control character in the reason");
}

void check_switch(const Message& response, const Question& question) {
  if (!question.offers_upgrade) malformed("a switch of protocols that was not offered");
  const auto options = joined_list(response.fields, "connection");
  if (joined_list(response.fields, "upgrade").empty() || !has(options, "upgrade")) malformed("101 without Upgrade");
}

// RFC 9112, 6.3, point by point.
void read_response_body(Cursor& in, Message& response, const Question& question, bool ended,
                        std::optional<Message>& begun) {
  const Length length = length_of(response);
  response.chunked = length.chunked;
  response.length = length.bytes;
  // A length of 0 where none may be told is forbidden, too, but common, and there is one way to read it.
  const bool declared = length.chunked || length.coded || length.bytes.value_or(0) > 0;
  const int status = response.status;
  if ((length.chunked || length.coded) && question.http_1_0) malformed("Transfer-Encoding for a client of HTTP/1.0");
  if (question.method == "CONNECT" && status / 100 == 2) {
    if (declared) malformed("a length for a tunnel");
    response.tunnel = true;
    return;
  }
  if (status < 200 || status == 204) {
    if (declared) malformed("a length where no body can be");
    response.tunnel = status == 101;
    return;
  }
  if (status == 205 && (length.coded || length.bytes.value_or(0) > 0)) malformed("content that a 205 cannot have");
  if (question.method == "HEAD" || status == 304) return;
  begun = response;
  if (length.chunked) {
    read_chunks(in, response);
  } else if (length.bytes) {
    response.content = in.take(*length.bytes);
  } else {
    response.until_close = true;
    response.content = in.take(in.stream.size() - in.at);
  }
  if (status == 205 && (!response.content.empty() || !response.trailers.empty())) malformed("content that a 205 cannot have");
  if (response.until_close && !ended) throw CutShort{};
}

void read_response(Cursor& in, const Question& question, bool ended, std::optional<Message>& begun) {
  const std::size_t begin = in.at;
  std::vector<int> interim;
  while (true) {
    Message response;
    response.begin = begin;
    status_line(in.line(), response);
    response.fields = field_lines(in);
    check_connection(response, false);
    if (response.status < 200 && question.http_1_0) malformed("1xx for a client of HTTP/1.0");
    if (response.status == 101) check_switch(response, question);
    read_response_body(in, response, question, ended, begun);
    if (response.status < 200 && response.status != 101) {
      interim.push_back(response.status);
      if (in.at_end()) throw NotBegun{};
      continue;
    }
    response.interim = std::move(interim);
    response.end = in.at;
    begun = std::move(response);
    return;
  }
}

// Reads messages with `read` until the stream is used up.
template <class Read>
Reading read_stream(std::string_view stream, Read read) {
  Reading reading;
  Cursor in{stream};
  try {
    while (!in.at_end()) {
      read(in, reading.messages.size(), reading.begun);
      reading.messages.push_back(std::move(*reading.begun));
      reading.begun.reset();
      reading.used = in.at;
      if (!reading.messages.back().tunnel) continue;
      reading.state = State::tunnel;
      break;
    }
  } catch (const NotBegun&) {
    reading.state = State::whole;
  } catch (const CutShort&) {
    reading.state = State::cut_short;
  } catch (const Malformed& found) {
    reading.state = State::malformed;
    reading.why = found.why;
  }
  return reading;
}

}  // namespace

Reading read_requests(std::string_view stream) {
  return read_stream(stream, [](Cursor& in, std::size_t, std::optional<Message>& begun) { read_request(in, begun); });
}

Reading read_responses(std::string_view stream, const std::vector<Question>& questions, bool ended) {
  return read_stream(stream, [&](Cursor& in, std::size_t index, std::optional<Message>& begun) {
    if (index >= questions.size()) malformed("a response that nobody asked for");
    read_response(in, questions[index], ended, begun);
  });
}

Question question_of(const Message& request) { return {request.method, request.http_1_0, request.offers_upgrade}; }

}  // namespace oracle
