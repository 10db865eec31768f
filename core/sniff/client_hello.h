// Reads a TLS ClientHello (RFC 8446, section 4.1.2; RFC 5246, section 7.4.1.2) without answering
// it. SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace hyalite {

// What the extension server_name (RFC 6066, section 3) held.
enum class ServerName {
  absent,
  host,  // a host name: ASCII letters, digits, '-', '_' and '.', 1 to 253 bytes, not an IP address
  address,  // an IP address, which is not allowed there
  invalid,  // anything else: NUL, other bytes, empty labels, too long, several names
};

// Numbers as they stood on the wire, in their order, GREASE (RFC 8701) included: fingerprints (JA3,
// JA4) can be made from it.
struct ClientHello {
  std::uint16_t record_version = 0;
  std::uint16_t legacy_version = 0;
  std::vector<std::uint16_t> supported_versions;  // empty: the extension was absent
  ServerName server_name_kind = ServerName::absent;
  std::string server_name;  // lower case, without a final dot, when kind is host; the bytes as they
                            // came when not; never trusted
  std::vector<std::string> alpn;  // as offered, at most 256; may hold any bytes
  std::vector<std::uint16_t> cipher_suites;
  std::vector<std::uint16_t> extensions;  // ids
  std::vector<std::uint16_t> groups;
  std::vector<std::uint16_t> signature_algorithms;
  std::vector<std::uint8_t> ec_point_formats;
  std::size_t session_id_length = 0;
  bool has_ech =
      false;  // encrypted_client_hello (RFC 9849): server_name is then only the outer one
  bool has_early_data = false;
  bool has_pre_shared_key = false;

  // The highest TLS version offered, GREASE aside: 0x0304 is TLS 1.3.
  std::uint16_t highest_version() const;
};

// Gathers a ClientHello from a growing view of the client's first bytes. Looks at each byte once,
// however they come.
class ClientHelloReader {
 public:
  enum class State { need_more, malformed, done };

  // More than `limit` bytes, headers of records included, are malformed.
  explicit ClientHelloReader(std::size_t limit = 64 * 1024) : limit_(limit) {}

  // `first`: all that the client has sent so far; longer with each call, never different.
  State read(Bytes first);
  State state() const { return state_; }
  // After done.
  const ClientHello& hello() const { return hello_; }
  // After malformed: what is wrong, for a person.
  const char* why() const { return why_; }

 private:
  void gather(Bytes first);
  bool begin_record(Bytes header);
  void judge_message();
  void fail(const char* why);

  std::size_t limit_;
  State state_ = State::need_more;
  const char* why_ = "";
  std::size_t taken_ = 0;        // bytes of the view that were looked at
  std::size_t record_left_ = 0;  // bytes of the current record still to come
  std::string message_;          // the handshake message, without the headers of its records
  ClientHello hello_;
};

}  // namespace hyalite
