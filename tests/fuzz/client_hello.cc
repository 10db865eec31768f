// Fuzz target: the first bytes of a connection: which protocol, and what a ClientHello says, however they are cut.
// SPDX-License-Identifier: MIT
#include "sniff/client_hello.h"
#include "sniff/protocol.h"
#include "tests/fuzz/fuzzing.h"
#include "tests/support/whole_first_bytes.h"

namespace hyalite {
namespace {

constexpr std::size_t kLimit = 2'048;

void try_protocol(std::string_view bytes, std::size_t step) {
  ClientSpeaks said = ClientSpeaks::need_more;
  ClientSniffer sniffer(256);
  for (std::size_t n = 0; n <= bytes.size() && n < 300; ++n) {
    const ClientSpeaks now = sniff_client(bytes.substr(0, n), 256);
    require(said == ClientSpeaks::need_more || said == now, "a decision was taken back", bytes.substr(0, n));
    said = now;
    require(now == whole::sniff_client(bytes.substr(0, n), 256), "it is not what it is as a whole", bytes.substr(0, n));
    if (n % step == 0) require(now == sniffer.sniff(bytes.substr(0, n)), "it matters how the first bytes are cut", bytes.substr(0, n));
    static_cast<void>(sniff_server(bytes.substr(0, n)));
  }
}

bool same(const ClientHello& a, const ClientHello& b) {
  return a.server_name == b.server_name && a.server_name_kind == b.server_name_kind && a.alpn == b.alpn &&
         a.cipher_suites == b.cipher_suites && a.extensions == b.extensions && a.groups == b.groups &&
         a.signature_algorithms == b.signature_algorithms && a.ec_point_formats == b.ec_point_formats &&
         a.supported_versions == b.supported_versions && a.session_id_length == b.session_id_length && a.has_ech == b.has_ech &&
         a.record_version == b.record_version && a.legacy_version == b.legacy_version;
}

void require_host(const ClientHello& hello) {
  if (hello.server_name_kind != ServerName::host) return;
  const std::string& name = hello.server_name;
  require(!name.empty() && name.size() <= 253, "a host name of a length that none has", name);
  for (char c : name) {
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    require(fine, "a host name with a character that none has", name);
  }
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  std::string_view input = as_text(data, size);
  const std::size_t step = take_byte(input) + 1;
  try_protocol(input, step);
  ClientHelloReader whole(kLimit), pieces(kLimit);
  const auto at_once = whole.read(input);
  auto cut = ClientHelloReader::State::need_more;
  for (std::size_t n = 0; n < input.size() && cut == ClientHelloReader::State::need_more;) {
    n = std::min(n + step, input.size());
    cut = pieces.read(input.substr(0, n));
  }
  require(at_once == cut, "it matters how the bytes are cut", input);
  if (at_once == ClientHelloReader::State::malformed) require(*whole.why() != '\0', "it does not say why");
  if (at_once != ClientHelloReader::State::done) return 0;
  require(same(whole.hello(), pieces.hello()), "it matters for the hello how the bytes are cut", input);
  require_host(whole.hello());
  return 0;
}
