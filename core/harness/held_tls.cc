// A ClientHello, written.
// SPDX-License-Identifier: MIT
#include "harness/held_tls.h"

namespace hyalite {

namespace {

std::string number(std::size_t value, int bytes) {
  std::string out;
  while (bytes-- > 0) out += static_cast<char>(value >> (8 * bytes) & 0xff);
  return out;
}
// A vector with its length in front (RFC 8446, section 3.4).
std::string counted(const std::string& body, int bytes) { return number(body.size(), bytes) + body; }
std::string extension(unsigned id, const std::string& body) { return number(id, 2) + counted(body, 2); }

}  // namespace

std::string client_hello(const std::string& server_name, const std::string& alpn) {
  std::string extensions;
  if (!server_name.empty()) extensions += extension(0, counted(number(0, 1) + counted(server_name, 2), 2));
  if (!alpn.empty()) extensions += extension(16, counted(counted(alpn, 1), 2));
  extensions += extension(10, counted(number(0x001d, 2), 2));                         // supported_groups: x25519
  extensions += extension(13, counted(number(0x0403, 2) + number(0x0804, 2), 2));     // signature_algorithms
  extensions += extension(43, counted(number(0x0304, 2) + number(0x0303, 2), 1));     // supported_versions
  extensions += extension(51, counted(number(0x001d, 2) + counted(std::string(32, 'k'), 2), 2));
  const std::string suites = number(0x1301, 2) + number(0x1302, 2) + number(0xc02f, 2);
  const std::string body = number(0x0303, 2) + std::string(32, 'r') + counted(std::string(32, 's'), 1) + counted(suites, 2) +
                           counted(std::string(1, '\0'), 1) + counted(extensions, 2);
  return number(22, 1) + number(0x0301, 2) + counted(number(1, 1) + counted(body, 3), 2);
}

}  // namespace hyalite
