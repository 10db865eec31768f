// What clients and upstreams say to each other while a plugin is checked.
// SPDX-License-Identifier: MIT
#include "check/script.h"

#include <algorithm>
#include <cstdio>

#include "websocket/frame.h"

namespace hyalite {

namespace {

using namespace std::string_literals;

std::string hex(std::size_t n) {
  char text[20];
  std::snprintf(text, sizeof text, "%zx", n);
  return text;
}

Conversation say(std::string name, std::string client, std::string upstream) {
  return {std::move(name), {{Side::client, std::move(client)}, {Side::upstream, std::move(upstream)}}};
}

// ---- WebSockets
std::string upgrade(std::string_view path) {
  return get(path, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
}
constexpr char kUpgraded[] =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string frame(Side from, Opcode opcode, std::string_view payload, bool final = true) {
  FrameHead head{opcode, final, payload.size(), std::nullopt};
  if (from == Side::client) head.mask = FrameMask{'\x37', '\xfa', '\x21', '\x3d'};
  return written(head, payload);
}

Conversation websocket_messages() {
  using enum Opcode;
  const std::string asked = frame(Side::client, text, "Hello, ", false) + frame(Side::client, ping, "?") +
                            frame(Side::client, continuation, "a needle", true) + frame(Side::client, binary, "\x00\xff\x01"s);
  const std::string answered = frame(Side::upstream, pong, "?") + frame(Side::upstream, text, R"({"name":"value"})") +
                               frame(Side::upstream, binary, std::string(130, 'b'), false) + frame(Side::upstream, continuation, "") +
                               frame(Side::upstream, text, "");
  return {"messages of a WebSocket",
          {{Side::client, upgrade("/messages")}, {Side::upstream, kUpgraded}, {Side::client, asked}, {Side::upstream, answered},
           {Side::client, frame(Side::client, close, close_payload(1000, "bye"))},
           {Side::upstream, frame(Side::upstream, close, close_payload(1000, ""))}}};
}

// ---- TLS that is looked into
Conversation looked_into(std::string name, HandshakeEnds handshakes) {
  return {std::move(name), {{Side::client, client_hello(kLookedInto, "http/1.1")}, {Side::client, get("/within")}, {Side::upstream, ok("within", "")}}, handshakes};
}

// "hello, hello, ..." in gzip (RFC 1952): stored, not compressed, so that it needs no library to write.
std::string gzipped(std::string_view text) {
  std::uint32_t crc = 0xffffffffu;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
  }
  const auto little = [](std::size_t n, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(n >> (8 * i) & 0xff);
    return out;
  };
  return "\x1f\x8b\x08\0\0\0\0\0\0\x03"s + "\x01" + little(text.size(), 2) + little(~text.size() & 0xffff, 2) +
         std::string(text) + little(crc ^ 0xffffffffu, 4) + little(text.size(), 4);
}

std::string form(std::string_view boundary) {
  return "--" + std::string(boundary) + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\r\n" +
         std::string("\0\x01\xff data \r\n", 11) + "\r\n--" + std::string(boundary) + "--\r\n";
}

std::vector<Conversation> make_ordinary() {
  const std::string html = "<html><head><title>A page</title></head><body class=\"x\">Hello, hello, <b>hello</b></body></html>";
  const std::string json = R"({"name":"value","list":[1,2,3],"text":"needle in a haystack"})";
  std::vector<Conversation> all;
  all.push_back(say("a GET", get("/index.html?q=1", "User-Agent: check/1\r\nAccept: */*\r\nCookie: a=1; b=2\r\n"),
                    ok(html, "Content-Type: text/html; charset=utf-8\r\nServer: origin/1\r\nETag: \"e1\"\r\n")));
  all.push_back(say("a POST with a length", post(json, "Content-Type: application/json\r\n"), ok("done", "Content-Type: text/plain\r\n")));
  all.push_back(say("chunked both ways",
                    "POST /upload HTTP/1.1\r\nHost: a.example\r\nContent-Type: multipart/form-data; boundary=b0\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n" + chunked(form("b0"), 17),
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(html, 13)));
  all.push_back(say("trailers",
                    "POST /t HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                    "5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\nX-More: yes\r\n\r\n"));
  all.push_back(say("a gzip body", get("/z", "Accept-Encoding: gzip\r\n"),
                    ok(gzipped("hello, hello, hello: a needle"), "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n")));
  all.push_back(say("a HEAD", "HEAD /big HTTP/1.1\r\nHost: a.example\r\n\r\n",
                    "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n"));
  all.push_back(say("no content", "DELETE /thing HTTP/1.1\r\nHost: a.example\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"));
  all.push_back(say("not modified", get("/m", "If-None-Match: \"e1\"\r\n"), "HTTP/1.1 304 Not Modified\r\nETag: \"e1\"\r\n\r\n"));
  all.push_back(say("an empty body", post("", ""), ok("", "")));
  all.push_back(say("interim responses", get("/early"),
                    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + ok("late", "")));
  all.push_back({"an expected 100 and three in a row",
                 {{Side::client, "PUT /x HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"},
                  {Side::upstream, "HTTP/1.1 100 Continue\r\n\r\n"},
                  {Side::client, "body"},
                  {Side::upstream, ok("1", "")},
                  {Side::client, get("/2") + get("/3")},
                  {Side::upstream, ok("2", "")},
                  {Side::upstream, ok("3", "Connection: close\r\n")}}});
  all.push_back({"HTTP/1.0 until the end", {{Side::client, "GET /old HTTP/1.0\r\n\r\n"},
                                           {Side::upstream, "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end"}}});
  all.push_back(say("an error page", get("/none"), "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone"));
  all.push_back({"a WebSocket", {{Side::client, upgrade("/ws")}, {Side::upstream, kUpgraded},
                                 {Side::client, frame(Side::client, Opcode::text, "Hello")}, {Side::upstream, frame(Side::upstream, Opcode::text, "Hello")}}});
  all.push_back(websocket_messages());
  all.push_back({"a CONNECT", {{Side::client, "CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n"},
                               {Side::upstream, "HTTP/1.1 200 OK\r\n\r\n"},
                               {Side::client, client_hello("b.example", "http/1.1")},
                               {Side::upstream, "\x16\x03\x03\x00\x02\x02\x00"s}}});
  all.push_back({"what is no HTTP", {{Side::client, "\x00\x01\x02 something else, with a needle\r\n"s},
                                    {Side::upstream, "and an answer\xff\xfe\n"s}}});
  all.push_back({"TLS", {{Side::client, client_hello("www.a.example", "http/1.1")}, {Side::upstream, "\x16\x03\x03\x00\x02\x02\x00"s}}});
  all.push_back(looked_into("TLS that is looked into", {}));
  HandshakeEnds ends;
  ends.upstream_defects.add(Defect::expired);
  all.push_back(looked_into("TLS with an upstream whose certificate is expired", ends));
  ends = {};
  ends.upstream_fails = true;
  all.push_back(looked_into("TLS with an upstream that does not speak it", ends));
  ends = {};
  ends.client_refuses = true;
  all.push_back(looked_into("TLS with a client that refuses the certificate", ends));
  return all;
}

std::string bytes_of(Random& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

// What a field's value may hold (RFC 9110, section 5.5), with all that is unusual in it.
std::string value_of(Random& random, std::size_t size) {
  std::string text(size, 'x');
  for (char& c : text) {
    const std::size_t n = random.below(8);
    c = n == 0 ? static_cast<char>(0x80 + random.below(0x80)) : n == 1 ? "\"\\,;=%<>'&(){}[]\t"[random.below(17)] : static_cast<char>('!' + random.below(94));
  }
  return text;
}

std::string many_fields(Random& random, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += "X-" + std::to_string(random.below(9)) + ": " + value_of(random, random.below(40)) + "\r\n";
  return text;
}

}  // namespace

std::uint64_t Random::next() {
  state_ += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state_;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

std::size_t Conversation::longest() const {
  std::size_t most = 0;
  for (const Line& line : lines) most = std::max(most, line.bytes.size());
  return most;
}

std::string get(std::string_view path, std::string_view fields) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "\r\n";
}

std::string post(std::string_view body, std::string_view fields) {
  return "POST /post HTTP/1.1\r\nHost: a.example\r\n" + std::string(fields) + "Content-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + std::string(body);
}

std::string ok(std::string_view body, std::string_view fields) {
  return "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string chunked(std::string_view body, std::size_t piece) {
  std::string text;
  for (; !body.empty(); body.remove_prefix(std::min(piece, body.size()))) {
    const std::string_view chunk = body.substr(0, piece);
    text += hex(chunk.size()) + "\r\n" + std::string(chunk) + "\r\n";
  }
  return text + "0\r\n\r\n";
}

const std::vector<Conversation>& ordinary_conversations() {
  static const std::vector<Conversation> all = make_ordinary();
  return all;
}

Conversation odd_conversation(std::uint64_t seed, std::uint64_t n) {
  Random random(seed * 1'000'003 + n);
  const std::string page = ok("fine", "Content-Type: text/html\r\n");
  switch (n % kOddKinds) {
    case 0: return say("a long target", get("/" + std::string(1 + random.below(7'000), 'a') + "?" + std::string(500, '%')), page);
    case 1: return say("percent signs that mean nothing", get("/%/%zz/%00/%c0%af/..%2f../%25%32%65?%=%&&=&=%fe%ff"), page);
    case 2: return say("a value of 30,000 bytes", get("/", "Cookie: " + value_of(random, 30'000) + "\r\n"), page);
    case 3: return say("200 headers", get("/", many_fields(random, 200)), "HTTP/1.1 200 OK\r\n" + many_fields(random, 200) + "Content-Length: 0\r\n\r\n");
    case 4: return say("empty values", get("/", "Cookie:\r\nReferer: \r\nUser-Agent:\r\nX-A:\t\r\nAuthorization:\r\nContent-Type:\r\nAccept-Encoding:\r\n"),
                       ok("x", "Content-Type:\r\nServer:\r\nSet-Cookie:\r\nContent-Encoding: \r\n"));
    case 5: return say("the same name many times", get("/", "Cookie: a\r\ncookie: b\r\nCOOKIE: c\r\nX-A: 1\r\nX-A: 2\r\nx-a: 3\r\n"),
                       ok("x", "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nset-cookie: c=3\r\nContent-Type: a/b\r\n"));
    case 6: return say("bytes above 127", get("/", "User-Agent: \xff\xfe\x80\xc3\x28\r\nX-\x2b: \xe2\x28\xa1\r\n"),
                       ok("\xff\xfe\x00\x80\xc3\x28"s, "Content-Type: text/\xff\r\n"));
    case 7: return say("no Host but an absolute target", "GET http://user@[2001:db8::1]:8080/p?q#x HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n", page);
    case 8: return say("an asterisk", "OPTIONS * HTTP/1.1\r\nHost: a.example\r\n\r\n", page);
    case 9: return say("a method that nobody knows", "M!#$%&'*+-.^_`|~ /x HTTP/1.1\r\nHost: a.example\r\n\r\n", page);
    case 10: return say("a binary body", post(bytes_of(random, 5'000), "Content-Type: application/octet-stream\r\n"), ok(bytes_of(random, 5'000)));
    case 11: return say("a body of NULs", post(std::string(3'000, '\0')), ok(std::string(3'000, '\0'), "Content-Type: text/html\r\n"));
    case 12: return say("a large body", post(std::string(300'000, 'a'), "Content-Type: text/plain\r\n"), ok(std::string(300'000, '<'), "Content-Type: text/html\r\n"));
    case 13: return say("chunks of one byte", "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(bytes_of(random, 300), 1),
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(bytes_of(random, 300), 1));
    case 14: return say("chunk extensions and trailers", "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b;c=\"d;\\\"e\"\r\nabc\r\n0\r\nX-T: " + value_of(random, 50) + "\r\n\r\n", page);
    case 15: return say("a gzip body that breaks off", get("/"), ok(gzipped("hello, hello").substr(0, 15 + random.below(10)), "Content-Encoding: gzip\r\n"));
    case 16: return say("a body that is not what its coding says", post(bytes_of(random, 400), "Content-Encoding: gzip\r\n"), ok(bytes_of(random, 400), "Content-Encoding: br\r\n"));
    case 17: return say("a coding that nobody knows", get("/", "Accept-Encoding: x-none;q=9\r\n"), ok("x", "Content-Encoding: x-none, gzip, \r\n"));
    case 18: return say("a form without its end", post("--b0\r\nContent-Disposition: form-data; name=\"\r\n\r\n" + bytes_of(random, 100), "Content-Type: multipart/form-data; boundary=\r\n"), page);
    case 19: return say("JSON of 3,000 levels", post(std::string(3'000, '['), "Content-Type: application/json\r\n"), ok(std::string(3'000, '{'), "Content-Type: application/json\r\n"));
    case 20: return say("a status that nobody knows", get("/"), "HTTP/1.1 599 \r\nContent-Length: 1\r\n\r\nx");
    case 21: return say("dates, lengths and ranges that cannot be", get("/", "Range: bytes=-9223372036854775808-,5-1\r\nIf-Modified-Since: never\r\nMax-Forwards: -1\r\n"),
                        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 9-1/*\r\nDate: 0\r\nAge: -5\r\nContent-Length: 2\r\n\r\nab");
    case 22: {
      std::string hello = client_hello(std::string(1 + random.below(200), 'n') + ".example", "http/1.1");
      for (std::size_t left = 1 + random.below(4); left > 0; --left) hello[5 + random.below(hello.size() - 5)] = static_cast<char>(random.below(256));
      return {"a ClientHello with wrong bytes", {{Side::client, hello}, {Side::upstream, "\x15\x03\x03\x00\x02\x02\x28"s}}};
    }
    default: {
      const Conversation& base = ordinary_conversations()[random.below(ordinary_conversations().size())];
      Conversation changed = base;
      changed.name = base.name + ", with wrong bytes";
      Line& line = changed.lines[random.below(changed.lines.size())];
      for (std::size_t left = 1 + random.below(3); left > 0; --left) line.bytes[random.below(line.bytes.size())] = static_cast<char>(random.below(256));
      return changed;
    }
  }
}

}  // namespace hyalite
