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
constexpr Bytes kVersion = "http/", kScheme = "://";

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

// "0033git-upload-pack": a packet's length in hexadecimal, and a service of git.
bool is_git_service(Bytes word) {
  constexpr Bytes kHex = "0123456789abcdef";
  return word.size() > 8 && word.find_first_not_of(kHex) >= 4 && word.substr(4, 4) == "git-";
}

// Go and wolfSSL look at the kind of the first record, and take nearly any version: of a handshake
// that begins with a ClientHello, and of a warning, which is passed over.
std::optional<ClientSpeaks> judge_odd_version(Bytes first) {
  constexpr std::size_t kHeader = 5, kMostRecord = (std::size_t{1} << 14) + 2048;
  constexpr char kWarning = 0x15, kHandshake = 0x16, kHello = 1, kLevel = 1;
  if (first[0] != kWarning && first[0] != kHandshake) return std::nullopt;
  if (first.size() <= kHeader) return ClientSpeaks::need_more;
  const std::size_t length =
      std::size_t{static_cast<unsigned char>(first[3])} << 8 | static_cast<unsigned char>(first[4]);
  const bool is_hello =
      first[0] == kHandshake && length > 0 && length <= kMostRecord && first[kHeader] == kHello;
  const bool is_warning = first[0] == kWarning && length == 2 && first[kHeader] == kLevel;
  return is_hello || is_warning ? std::optional(ClientSpeaks::tls) : std::nullopt;
}

// A record of whatever kind: some servers pass over an alert before the ClientHello.
std::optional<ClientSpeaks> judge_record(Bytes first) {
  constexpr unsigned char kFirstKind = 0x14, kLastKind = 0x18;
  const auto kind = static_cast<unsigned char>(first[0]);
  if (kind < kFirstKind || kind > kLastKind) return std::nullopt;
  if (first.size() == 1) return ClientSpeaks::need_more;
  if (first[1] == 0x03) return ClientSpeaks::tls;
  return judge_odd_version(first);
}

// RFC 5246, appendix E.2: a length with its highest bit set, 1, and version 3 or later.
std::optional<ClientSpeaks> judge_old_hello(Bytes first) {
  constexpr Bytes kHello("\x01\x03", 2);
  if ((static_cast<unsigned char>(first[0]) & 0x80) == 0) return std::nullopt;
  const Bytes told = first.substr(std::min<std::size_t>(first.size(), 2), kHello.size());
  if (!kHello.starts_with(told)) return std::nullopt;
  return told.size() == kHello.size() ? ClientSpeaks::tls : ClientSpeaks::need_more;
}

}  // namespace

bool is_known_method(Bytes word) {
  return std::any_of(kMethods.begin(), kMethods.end(),
                     [&](std::string_view method) { return equals_ignoring_case(word, method); });
}

ClientSpeaks sniff_client(Bytes first, std::size_t limit) {
  return ClientSniffer(limit).sniff(first);
}

ClientSpeaks ClientSniffer::sniff(Bytes first) {
  // Never looks behind the limit: then the answer cannot depend on how much came at once.
  const ClientSpeaks answer = judge(first.substr(0, limit_));
  return answer == ClientSpeaks::need_more && first.size() > limit_ ? ClientSpeaks::http1 : answer;
}

ClientSpeaks ClientSniffer::judge(Bytes first) {
  if (!first.empty()) {
    if (const auto record = judge_record(first)) return *record;
    if (const auto old_hello = judge_old_hello(first)) return *old_hello;
  }
  if (first.substr(0, kHttp2Preface.size()) == kHttp2Preface) return ClientSpeaks::http2_preface;
  if (kHttp2Preface.substr(0, first.size()) == first) return ClientSpeaks::need_more;
  while (line_ == ClientSpeaks::need_more && looked_at_ < first.size())
    line_ = judge_with_last(first.substr(0, ++looked_at_));
  return line_;
}

// The line whose last byte is new.
ClientSpeaks ClientSniffer::judge_with_last(Bytes first) {
  const char c = first.back();
  const std::size_t at = first.size() - 1;
  if (part_ == Part::before) {
    if (c == '\r' || c == '\n' || c == ' ' || c == '\t') return ClientSpeaks::need_more;
    part_ = Part::word;
    word_ = at;
  }
  switch (part_) {
    case Part::before:
    case Part::word:
      if (is_control(c)) return ClientSpeaks::other;
      if (!is_space(c)) return ClientSpeaks::need_more;
      word_size_ = at - word_;
      part_ = c == '\r' ? Part::cr : Part::rest;
      return c == '\r' ? ClientSpeaks::need_more : begin_rest(first.substr(word_, word_size_));
    case Part::cr:
      // "GET\r\n" is a word alone: the CR belongs to the end of the line.
      if (c == '\n') return ClientSpeaks::other;
      part_ = Part::rest;
      if (begin_rest(first.substr(word_, word_size_)) == ClientSpeaks::http1)
        return ClientSpeaks::http1;
      return judge_rest_with(c);
    case Part::rest:
      break;
  }
  return judge_rest_with(c);
}

// A space stands behind the first word.
ClientSpeaks ClientSniffer::begin_rest(Bytes word) {
  git_ = is_git_service(word);
  return !git_ && is_known_method(word) ? ClientSpeaks::http1 : ClientSpeaks::need_more;
}

// What begins with a service of git is no request until it shows that it is.
ClientSpeaks ClientSniffer::judge_rest_with(char c) {
  if (is_version_with(lower(c))) return ClientSpeaks::http1;
  if (git_ && c == '\0') return ClientSpeaks::other;
  if (c != '\n') note_target_with(c);
  const bool looks = target_ == Target::looks_like_one;
  if (c == '\n') return looks ? ClientSpeaks::http1 : ClientSpeaks::other;
  return looks && !git_ ? ClientSpeaks::http1 : ClientSpeaks::need_more;
}

// No beginning of what is matched begins again within it.
bool ClientSniffer::is_version_with(char c) {
  if (c != kVersion[version_matched_]) version_matched_ = 0;
  if (c == kVersion[version_matched_]) ++version_matched_;
  return version_matched_ == kVersion.size();
}

void ClientSniffer::note_target_with(char c) {
  if (target_ == Target::looks_like_one || target_ == Target::over) return;
  if (is_space(c)) {
    if (target_ == Target::begun) target_ = Target::over;
    return;
  }
  const bool first = target_ == Target::awaited;
  target_ = Target::begun;
  if (c != kScheme[scheme_matched_]) scheme_matched_ = 0;
  if (c == kScheme[scheme_matched_]) ++scheme_matched_;
  const bool is_path = first && (c == '/' || c == '*');
  if (is_path || scheme_matched_ == kScheme.size()) target_ = Target::looks_like_one;
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
