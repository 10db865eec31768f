// Reads a TLS ClientHello (RFC 8446, section 4.1.2; RFC 5246, section 7.4.1.2) without answering
// it. SPDX-License-Identifier: MIT
#include "sniff/client_hello.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/address.h"
#include "base/text.h"

namespace hyalite {

namespace {

constexpr std::size_t kRecordHeader = 5, kMessageHeader = 4;
constexpr std::size_t kMostRecord = 1 << 14;
// Each is kept as a text of its own. Browsers offer two.
constexpr std::size_t kMostProtocols = 256;
constexpr char kHandshakeRecord = 22, kClientHello = 1;

std::size_t number(Bytes bytes) {
  std::size_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

// Takes numbers and vectors from the front. Once something is missing, all that follows is empty
// and ok() is false: so the callers ask once, at the end.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  // Everything was there, and nothing is left.
  bool ended_well() const { return ok_ && rest_.empty(); }
  bool more() const { return ok_ && !rest_.empty(); }

  Bytes take(std::size_t n) {
    if (n > rest_.size()) {
      ok_ = false;
      rest_ = {};
      return {};
    }
    const Bytes taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(take(1))); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(take(2))); }
  // A vector with its length before it, in 1 or 2 bytes.
  Bytes vector8() { return take(u8()); }
  Bytes vector16() { return take(u16()); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

template <class Number>
bool read_numbers(Bytes list, std::vector<Number>& out) {
  if (list.empty() || list.size() % sizeof(Number) != 0) return false;
  for (; !list.empty(); list.remove_prefix(sizeof(Number))) {
    out.push_back(static_cast<Number>(number(list.substr(0, sizeof(Number)))));
  }
  return true;
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_' || c == '.';
}

// "127.1" and "0x7f000001" are read as addresses by many; a name of the DNS ends in a word.
bool ends_in_number(std::string_view last_label) {
  if (last_label.substr(0, 2) == "0x" || last_label.substr(0, 2) == "0X") {
    return last_label.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string_view::npos;
  }
  return last_label.find_first_not_of("0123456789") == std::string_view::npos;
}

ServerName judge_name(std::string_view name) {
  if (IpAddress::parse(name)) return ServerName::address;
  if (!name.empty() && name.back() == '.') name.remove_suffix(1);
  if (name.empty() || name.size() > 253) return ServerName::invalid;
  if (!std::all_of(name.begin(), name.end(), is_host_character)) return ServerName::invalid;
  const auto labels = split(name, '.');
  const auto wrong = [](std::string_view label) { return label.empty() || label.size() > 63; };
  if (std::any_of(labels.begin(), labels.end(), wrong)) return ServerName::invalid;
  return ends_in_number(labels.back()) ? ServerName::address : ServerName::host;
}

bool read_server_name(Bytes extension, ClientHello& hello) {
  Cursor outer(extension);
  Cursor list(outer.vector16());
  if (!outer.ended_well() || !list.more()) return false;
  std::size_t names = 0;
  bool only_hosts = true;
  while (list.more()) {
    only_hosts = list.u8() == 0 && only_hosts;
    const Bytes name = list.vector16();
    if (list.ok() && name.empty()) return false;
    if (names++ == 0) hello.server_name = name;
  }
  if (!list.ended_well()) return false;
  // Which of several a server would take, nobody knows.
  hello.server_name_kind =
      names == 1 && only_hosts ? judge_name(hello.server_name) : ServerName::invalid;
  if (hello.server_name_kind != ServerName::host) return true;
  hello.server_name = to_lower(hello.server_name);
  if (hello.server_name.back() == '.') hello.server_name.pop_back();
  return true;
}

bool read_alpn(Bytes extension, ClientHello& hello) {
  Cursor outer(extension);
  Cursor list(outer.vector16());
  if (!outer.ended_well() || !list.more()) return false;
  while (list.more()) {
    const Bytes protocol = list.vector8();
    if (list.ok() && protocol.empty()) return false;
    if (hello.alpn.size() > kMostProtocols) return true;  // it is refused for this
    hello.alpn.emplace_back(protocol);
  }
  return list.ended_well();
}

template <class Number>
bool read_list(Bytes list, const Cursor& around, std::vector<Number>& out) {
  return around.ended_well() && read_numbers(list, out);
}

bool read_extension(std::uint16_t id, Bytes body, ClientHello& hello) {
  Cursor cursor(body);
  switch (id) {
    case 0:
      return read_server_name(body, hello);
    case 10:
      return read_list(cursor.vector16(), cursor, hello.groups);
    case 11:
      return read_list(cursor.vector8(), cursor, hello.ec_point_formats);
    case 13:
      return read_list(cursor.vector16(), cursor, hello.signature_algorithms);
    case 16:
      return read_alpn(body, hello);
    case 41:
      return hello.has_pre_shared_key = true;
    case 42:
      return hello.has_early_data = true;
    case 43:
      return read_list(cursor.vector8(), cursor, hello.supported_versions);
    case 0xfe0d:
      return hello.has_ech = true;
    default:
      return true;
  }
}

// Null when all is well, else what is wrong.
const char* read_extensions(Bytes all, ClientHello& hello) {
  Cursor cursor(all);
  std::set<std::uint16_t> seen;
  while (cursor.more()) {
    const std::uint16_t id = cursor.u16();
    const Bytes body = cursor.vector16();
    if (!cursor.ok()) return "an extension is longer than the extensions";
    // Two parsers could believe different ones.
    if (!seen.insert(id).second) return "an extension comes twice";
    hello.extensions.push_back(id);
    if (!read_extension(id, body, hello)) return "the lengths inside an extension do not fit";
    if (hello.alpn.size() > kMostProtocols) return "it offers too many protocols";
  }
  return nullptr;
}

const char* read_client_hello(Bytes body, ClientHello& hello) {
  Cursor cursor(body);
  hello.legacy_version = cursor.u16();
  cursor.take(32);  // random
  hello.session_id_length = cursor.vector8().size();
  const Bytes cipher_suites = cursor.vector16();
  const Bytes compression_methods = cursor.vector8();
  if (!cursor.ok()) return "the message ends too early";
  if (hello.session_id_length > 32) return "the session id is too long";
  if (!read_numbers(cipher_suites, hello.cipher_suites))
    return "the list of cipher suites is empty or odd";
  if (compression_methods.empty()) return "the list of compression methods is empty";
  if (!cursor.more()) return nullptr;  // before TLS 1.3 there may be no extensions
  const Bytes extensions = cursor.vector16();
  if (!cursor.ended_well()) return "the extensions do not end where the message ends";
  return read_extensions(extensions, hello);
}

bool is_grease(std::uint16_t value) {
  return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

}  // namespace

std::uint16_t ClientHello::highest_version() const {
  std::uint16_t highest = 0;
  for (const std::uint16_t version : supported_versions) {
    if (!is_grease(version)) highest = std::max(highest, version);
  }
  return highest != 0 ? highest : legacy_version;
}

ClientHelloReader::State ClientHelloReader::read(Bytes first) {
  gather(first.substr(0, limit_));
  if (state_ == State::need_more && first.size() > limit_) fail("it is too long");
  return state_;
}

void ClientHelloReader::gather(Bytes first) {
  while (state_ == State::need_more) {
    Bytes rest = first.substr(taken_);
    if (record_left_ == 0) {
      if (rest.size() < kRecordHeader || !begin_record(rest.substr(0, kRecordHeader))) return;
      taken_ += kRecordHeader;
      continue;
    }
    rest = rest.substr(0, record_left_);
    if (rest.empty()) return;
    message_ += rest;
    taken_ += rest.size();
    record_left_ -= rest.size();
    judge_message();
  }
}

bool ClientHelloReader::begin_record(Bytes header) {
  record_left_ = number(header.substr(3));
  if (header[0] != kHandshakeRecord || header[1] != 3)
    return fail("not a record of a TLS handshake"), false;
  if (record_left_ == 0) return fail("a record is empty"), false;
  if (record_left_ > kMostRecord) return fail("a record is too long"), false;
  if (taken_ == 0) hello_.record_version = static_cast<std::uint16_t>(number(header.substr(1, 2)));
  return true;
}

void ClientHelloReader::judge_message() {
  if (message_[0] != kClientHello) return fail("the first message is not a ClientHello");
  if (message_.size() < kMessageHeader) return;
  const std::size_t length = number(Bytes(message_).substr(1, 3));
  if (length > limit_) return fail("it is too long");
  if (message_.size() < kMessageHeader + length) return;
  if (const char* why = read_client_hello(Bytes(message_).substr(kMessageHeader, length), hello_))
    return fail(why);
  state_ = State::done;
  std::string().swap(message_);  // flows wait long
}

void ClientHelloReader::fail(const char* why) {
  state_ = State::malformed;
  why_ = why;
  std::string().swap(message_);
  hello_ = {};
}

}  // namespace hyalite
