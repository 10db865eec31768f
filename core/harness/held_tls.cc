// TLS without cryptography.
// SPDX-License-Identifier: MIT
#include "harness/held_tls.h"

#include <utility>

#include "harness/held_peer.h"

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

// The handshake is over as soon as it is asked for; it ends as it was told to.
class HeldTlsTransport final : public Transport {
 public:
  HeldTlsTransport(std::unique_ptr<Transport> below, bool well) : below_(std::move(below)), well_(well) {}

  Moved negotiate() override { return {well_ ? Moved::State::moved : Moved::State::broken}; }
  Moved read(std::span<char> room) override { return below_->read(room); }
  Moved write(std::span<const Bytes> pieces, bool more) override { return below_->write(pieces, more); }
  void end_writing() override { below_->end_writing(); }
  void abort_on_close() override { below_->abort_on_close(); }
  int take_error() override { return below_->take_error(); }
  int fd() const override { return below_->fd(); }

 private:
  std::unique_ptr<Transport> below_;
  bool well_;
};

class HeldLeaf final : public LeafOrder {
 public:
  bool arrived() const override { return true; }
  const std::string& failure() const override { return none_; }
  bool forbidden() const override { return false; }

 private:
  std::string none_;
};

const HandshakeEnds& ends_of(const Transport& transport) { return static_cast<const HeldTransport&>(transport).handshakes(); }

void end_upstream_handshake(const HandshakeEnds& ends, const UpstreamPlan& plan, TlsFacts& facts) {
  facts = {};
  facts.done = !ends.upstream_fails;
  if (!facts.done) {
    facts.failure = HandshakeFailure::not_tls;
    facts.error = "the upstream speaks something else";
    return;
  }
  facts.version = 0x0304;
  facts.cipher = "TLS_AES_128_GCM_SHA256";
  facts.group = "X25519";
  if (!plan.alpn.empty()) facts.alpn = plan.alpn.front();
  facts.verified = true;
  facts.defects = ends.upstream_defects;
  facts.defect_text = names_of(facts.defects);
}

void end_client_handshake(const HandshakeEnds& ends, const ClientPlan& plan, TlsFacts& facts) {
  facts = {};
  facts.done = !ends.client_refuses;
  if (!facts.done) {
    facts.failure = HandshakeFailure::alert;
    facts.alert = 48;  // unknown_ca
    facts.error = "the client refused the certificate";
    return;
  }
  facts.version = 0x0304;
  facts.cipher = "TLS_AES_128_GCM_SHA256";
  facts.group = "X25519";
  facts.alpn = plan.alpn;
}

}  // namespace

void HeldTls::over_upstream(std::unique_ptr<Transport>& transport, const UpstreamPlan& plan, TlsFacts& facts) {
  end_upstream_handshake(ends_of(*transport), plan, facts);
  transport = std::make_unique<HeldTlsTransport>(std::move(transport), facts.done);
}

std::unique_ptr<LeafOrder> HeldTls::order_leaf(const ClientPlan&, Callback<>) { return std::make_unique<HeldLeaf>(); }

// What came first was its ClientHello, which is for us.
void HeldTls::over_client(std::unique_ptr<Transport>& transport, Bytes, const ClientPlan& plan, const LeafOrder&, TlsFacts& facts) {
  end_client_handshake(ends_of(*transport), plan, facts);
  transport = std::make_unique<HeldTlsTransport>(std::move(transport), facts.done);
}

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
