// The way back: heads as they must be sent, content in chunks of our own, and pages of our own.
// SPDX-License-Identifier: MIT
#include "http/writer.h"

#include <algorithm>
#include <charconv>

namespace hyalite {

namespace {

constexpr Bytes kCrLf = "\r\n";

// Where text goes: a Buffer, or one of these.
class Measure {
 public:
  void append(Bytes bytes) { size_ += bytes.size(); }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_ = 0;
};
class Fill {
 public:
  explicit Fill(char* at) : at_(at) {}
  void append(Bytes bytes) { at_ = std::copy(bytes.begin(), bytes.end(), at_); }

 private:
  char* at_;
};

template <class Out>
void append(Out& out, std::initializer_list<Bytes> pieces) {
  for (Bytes piece : pieces) out.append(piece);
}

template <class Out>
void write_field(Bytes name, Bytes value, Out& out) {
  append(out, {name, ": ", value, kCrLf});
}

template <class Out>
void write_fields(const Fields& fields, Out& out) {
  for (const Field& field : fields.fields()) {
    if (field.line.empty()) {
      write_field(field.name, field.value, out);
    } else {
      out.append(field.line);
    }
  }
  out.append(kCrLf);
}

Bytes version_of(const Head& head) { return head.minor_version() > 0 ? "HTTP/1.1" : "HTTP/1.0"; }

bool can_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

struct Reason {
  int status;
  Bytes text;
};

// RFC 9110, section 15, and the few of other RFCs that plugins answer with.
constexpr Reason kReasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

// The fields that the page brings along. Says whether Cache-Control was among them.
bool write_own_fields(const Page& page, Buffer& out) {
  bool has_cache_control = false;
  for (const auto& [name, value] : page.fields) {
    const Name id = name_of(name);
    if (is_framing_field(id)) continue;
    has_cache_control = has_cache_control || id == Name::cache_control;
    write_field(name, value, out);
  }
  return has_cache_control;
}

template <class Out>
void write_head(const RequestHead& head, Out& out) {
  if (head.start_line().empty()) {
    append(out, {head.method(), " ", head.target(), " ", version_of(head), kCrLf});
  } else {
    out.append(head.start_line());
  }
  write_fields(head, out);
}

template <class Out>
void write_head(const ResponseHead& head, Out& out) {
  if (head.start_line().empty()) {
    append(out, {version_of(head), " ", std::to_string(head.status()), " ", head.reason(), kCrLf});
  } else {
    out.append(head.start_line());
  }
  write_fields(head, out);
}

template <class AnyHead>
Bytes written_head(const AnyHead& head, Arena& arena) {
  Measure measure;
  write_head(head, measure);
  auto* const place = static_cast<char*>(arena.allocate(measure.size(), 1));
  Fill fill(place);
  write_head(head, fill);
  return {place, measure.size()};
}

}  // namespace

void write(const RequestHead& head, Buffer& out) { write_head(head, out); }
void write(const ResponseHead& head, Buffer& out) { write_head(head, out); }
Bytes written(const RequestHead& head, Arena& arena) { return written_head(head, arena); }
Bytes written(const ResponseHead& head, Arena& arena) { return written_head(head, arena); }

void open_chunk(std::uint64_t n, Buffer& out) {
  char digits[16];
  const auto end = std::to_chars(digits, digits + sizeof digits, n, 16).ptr;
  append(out, {Bytes(digits, static_cast<std::size_t>(end - digits)), kCrLf});
}

void last_chunk(const Trailers& trailers, Buffer& out) {
  out.append("0\r\n");
  write_fields(trailers, out);
}

void write(const Page& page, Buffer& out) {
  const Bytes reason = page.reason.empty() ? usual_reason(page.status) : page.reason;
  append(out, {"HTTP/1.1 ", std::to_string(page.status), " ", reason, kCrLf});
  const bool has_cache_control = write_own_fields(page, out);
  const bool has_body = can_have_body(page.status);
  if (has_body && !page.content_type.empty()) write_field("Content-Type", page.content_type, out);
  const bool is_whole = page.sent == Page::Body::whole;
  // Clients do not agree on whether a 205 has content; it must not (15.3.6).
  const Bytes body = page.status == 205 ? Bytes() : Bytes(page.body);
  if (has_body && is_whole) write_field("Content-Length", std::to_string(body.size()), out);
  if (page.sent == Page::Body::in_chunks) write_field("Transfer-Encoding", "chunked", out);
  if (!has_cache_control) write_field("Cache-Control", "no-store", out);
  if (!page.keeps_alive) write_field("Connection", "close", out);
  out.append(kCrLf);
  if (has_body && is_whole && !page.to_head) out.append(body);
}

Bytes usual_reason(int status) {
  const auto* found = std::find_if(std::begin(kReasons), std::end(kReasons),
                                   [&](const Reason& reason) { return reason.status == status; });
  return found == std::end(kReasons) ? Bytes{} : found->text;
}

}  // namespace hyalite
