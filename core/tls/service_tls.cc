// TLS with the services that plugins talk to.
// SPDX-License-Identifier: MIT
#include "tls/service_tls.h"

#include <openssl/err.h>

#include <cstdlib>
#include <map>

#include "base/address.h"
#include "tls/context.h"
#include "tls/tls_transport.h"
#include "tls/verification.h"

namespace hyalite {

namespace {

// What is wrong is noted, and ends the handshake.
int verify_strictly(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  (void)on_verify(good, context);
  return 0;
}

class LoadedServiceTls final : public ServiceTls {
 public:
  struct Side {
    Context context;
    std::string server_name;
  };

  void over(std::unique_ptr<Transport>& transport, std::string_view service, WallTime now, TlsFacts& facts) override {
    const Side& side = sides.find(service)->second;
    Connection connection(SSL_new(side.context.get()));
    // Without memory nothing goes on, here as everywhere.
    if (!connection) std::abort();
    SSL* ssl = connection.get();
    SSL_set_connect_state(ssl);
    expect_peer(ssl, side.server_name, now);
    if (!IpAddress::parse(side.server_name)) SSL_set_tlsext_host_name(ssl, side.server_name.c_str());
    ERR_clear_error();
    transport = std::make_unique<TlsTransport>(std::move(transport), Bytes{}, std::move(connection), scratch_, facts, nullptr);
  }

  std::map<std::string, Side, std::less<>> sides;

 private:
  TlsScratch scratch_;
};

}  // namespace

std::unique_ptr<ServiceTls> ServiceTls::load(const Settings& settings, const std::string& file, Mistakes& mistakes) {
  auto loaded = std::make_unique<LoadedServiceTls>();
  const std::size_t before = mistakes.size();
  for (std::size_t i = 0; i < settings.services.size(); ++i) {
    const ServiceSettings& service = settings.services[i];
    if (!service.tls.enabled) continue;
    LoadedServiceTls::Side side{new_context(TLS_client_method(), service.tls.minimum_version), server_name_of(service)};
    SSL_CTX* context = side.context.get();
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, verify_strictly);
    auto mistake = trust(context, service.tls.trust, file, "services[" + std::to_string(i) + "].tls.trust");
    if (mistake) mistakes.push_back(std::move(*mistake));
    if (service.protocol == ServiceProtocol::http) {
      static constexpr unsigned char kHttp1[] = "\x08http/1.1";
      SSL_CTX_set_alpn_protos(context, kHttp1, sizeof kHttp1 - 1);
    }
    loaded->sides.emplace(service.name, std::move(side));
  }
  if (mistakes.size() != before) return nullptr;
  return loaded;
}

std::string server_name_of(const ServiceSettings& service) {
  if (!service.tls.server_name.empty()) return service.tls.server_name;
  if (const auto address = Address::parse(service.address)) return address->ip.text();
  return service.address.substr(0, service.address.rfind(':'));
}

std::string failure_of(const TlsFacts& facts) {
  if (!facts.defect_text.empty()) return facts.defect_text;
  return facts.error.empty() ? "the TLS handshake failed" : facts.error;
}

}  // namespace hyalite
