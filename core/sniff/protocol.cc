// Which protocol do they speak? Told by the first bytes.
// SPDX-License-Identifier: MIT
#include "sniff/protocol.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/text.h"

namespace hyalite {

namespace {

constexpr Bytes kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// The IANA registry of HTTP methods, and what UPnP and caches add.
constexpr std::array<std::string_view, 49> kMethods = {"ACL",
                                                       "BAN",
                                                       "BASELINE-CONTROL",
                                                       "BIND",
                                                       "CHECKIN",
                                                       "CHECKOUT",
                                                       "CONNECT",
                                                       "COPY",
                                                       "DELETE",
                                                       "GET",
                                                       "HEAD",
                                                       "LABEL",
                                                       "LINK",
                                                       "LOCK",
                                                       "M-SEARCH",
                                                       "MERGE",
                                                       "MKACTIVITY",
                                                       "MKCALENDAR",
                                                       "MKCOL",
                                                       "MKREDIRECTREF",
                                                       "MKWORKSPACE",
                                                       "MOVE",
                                                       "NOTIFY",
                                                       "OPTIONS",
                                                       "ORDERPATCH",
                                                       "PATCH",
                                                       "POST",
                                                       "PRI",
                                                       "PROPFIND",
                                                       "PROPPATCH",
                                                       "PURGE",
                                                       "PUT",
                                                       "QUERY",
                                                       "REBIND",
                                                       "REPORT",
                                                       "SEARCH",
                                                       "SOURCE",
                                                       "SUBSCRIBE",
                                                       "TRACE",
                                                       "UNBIND",
                                                       "UNCHECKOUT",
                                                       "UNLINK",
                                                       "UNLOCK",
                                                       "UNSUBSCRIBE",
                                                       "UPDATE",
                                                       "UPDATEREDIRECTREF",
                                                       "VERSION-CONTROL",
                                                       "BPROPFIND",
                                                       "BPROPPATCH"};

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}
constexpr bool is_control(char c) {
  return (static_cast<unsigned char>(c) < 0x20 && !is_space(c)) || c == 0x7f;
}

bool contains_ignoring_case(Bytes text, Bytes lower_case) {
  const auto same = [](char a, char b) { return lower(a) == b; };
  return std::search(text.begin(), text.end(), lower_case.begin(), lower_case.end(), same) !=
         text.end();
}

// The first line so far: without its end when that has come. A CR before the end may be part of it:
// it is a space here.
struct Line {
  Bytes text;
  bool complete;
};

Line first_line(Bytes bytes) {
  const auto end = bytes.find('\n');
  return {bytes.substr(0, end), end != Bytes::npos};
}

// Has what is behind the first word the looks of a request?
bool looks_like_request(Bytes rest) {
  if (contains_ignoring_case(rest, "http/")) return true;
  const auto begin = std::find_if_not(rest.begin(), rest.end(), is_space);
  const Bytes target(begin, std::find_if(begin, rest.end(), is_space));
  if (target.empty()) return false;
  return target[0] == '/' || target[0] == '*' || target.find("://") != Bytes::npos;
}

// "0033git-upload-pack": a packet's length in hexadecimal, and a service of git.
bool is_git_service(Bytes word) {
  constexpr Bytes kHex = "0123456789abcdef";
  return word.size() > 8 && word.find_first_not_of(kHex) >= 4 && word.substr(4, 4) == "git-";
}

// What begins with a service of git, until it shows that it is none.
ClientSpeaks judge_git(Bytes rest, bool complete) {
  const std::size_t nul = rest.find('\0');
  if (contains_ignoring_case(rest.substr(0, nul), "http/")) return ClientSpeaks::http1;
  if (nul != Bytes::npos) return ClientSpeaks::other;
  if (!complete) return ClientSpeaks::need_more;
  return looks_like_request(rest) ? ClientSpeaks::http1 : ClientSpeaks::other;
}

ClientSpeaks judge_line(const Line& line) {
  const auto end = std::find_if(line.text.begin(), line.text.end(), is_space);
  const Bytes word(line.text.begin(), end), rest(end, line.text.end());
  if (std::any_of(word.begin(), word.end(), is_control)) return ClientSpeaks::other;
  const auto undecided = line.complete ? ClientSpeaks::other : ClientSpeaks::need_more;
  // "GET\r\n" is a word alone: the CR belongs to the end of the line.
  if (rest.empty() || rest == "\r") return undecided;
  if (is_git_service(word)) return judge_git(rest, line.complete);
  if (is_known_method(word) || looks_like_request(rest)) return ClientSpeaks::http1;
  return undecided;
}

// A record of whatever kind: some servers pass over an alert before the ClientHello.
std::optional<ClientSpeaks> judge_record(Bytes first) {
  constexpr unsigned char kFirstKind = 0x14, kLastKind = 0x18;
  const auto kind = static_cast<unsigned char>(first[0]);
  if (kind < kFirstKind || kind > kLastKind) return std::nullopt;
  if (first.size() == 1) return ClientSpeaks::need_more;
  if (first[1] == 0x03) return ClientSpeaks::tls;
  return std::nullopt;
}

// RFC 5246, appendix E.2: a length with its highest bit set, 1, and version 3 or later.
std::optional<ClientSpeaks> judge_old_hello(Bytes first) {
  constexpr Bytes kHello("\x01\x03", 2);
  if ((static_cast<unsigned char>(first[0]) & 0x80) == 0) return std::nullopt;
  const Bytes told = first.substr(std::min<std::size_t>(first.size(), 2), kHello.size());
  if (!kHello.starts_with(told)) return std::nullopt;
  return told.size() == kHello.size() ? ClientSpeaks::tls : ClientSpeaks::need_more;
}

ClientSpeaks judge(Bytes first) {
  if (!first.empty()) {
    if (const auto record = judge_record(first)) return *record;
    if (const auto old_hello = judge_old_hello(first)) return *old_hello;
  }
  if (first.substr(0, kHttp2Preface.size()) == kHttp2Preface) return ClientSpeaks::http2_preface;
  if (kHttp2Preface.substr(0, first.size()) == first) return ClientSpeaks::need_more;
  const auto begin = std::find_if_not(first.begin(), first.end(), [](char c) {
    return c == '\r' || c == '\n' || c == ' ' || c == '\t';
  });
  if (begin == first.end()) return ClientSpeaks::need_more;
  return judge_line(first_line(Bytes(begin, first.end())));
}

}  // namespace

bool is_known_method(Bytes word) {
  return std::any_of(kMethods.begin(), kMethods.end(),
                     [&](std::string_view method) { return equals_ignoring_case(word, method); });
}

ClientSpeaks sniff_client(Bytes first, std::size_t limit) {
  // Never looks behind the limit: then the answer cannot depend on how much came at once.
  const ClientSpeaks answer = judge(first.substr(0, limit));
  return answer == ClientSpeaks::need_more && first.size() > limit ? ClientSpeaks::http1 : answer;
}

ServerSpeaks sniff_server(Bytes first) {
  constexpr Bytes kStatusLine = "http/";
  const Bytes begin = first.substr(0, kStatusLine.size());
  if (!equals_ignoring_case(begin, kStatusLine.substr(0, begin.size()))) return ServerSpeaks::other;
  return begin.size() < kStatusLine.size() ? ServerSpeaks::need_more : ServerSpeaks::http1;
}

const char* name(ClientSpeaks speaks) {
  switch (speaks) {
    case ClientSpeaks::need_more:
      return "need_more";
    case ClientSpeaks::tls:
      return "tls";
    case ClientSpeaks::http1:
      return "http1";
    case ClientSpeaks::http2_preface:
      return "http2_preface";
    case ClientSpeaks::other:
      return "other";
  }
  return "";
}

const char* name(ServerSpeaks speaks) {
  switch (speaks) {
    case ServerSpeaks::need_more:
      return "need_more";
    case ServerSpeaks::http1:
      return "http1";
    case ServerSpeaks::other:
      return "other";
  }
  return "";
}

}  // namespace hyalite
