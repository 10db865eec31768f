// Certificates for tests: upstreams' good and bad ones, and what a client would say to a leaf.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/x509v3.h>

#include <string>
#include <string_view>

#include "base/clock.h"
#include "tls/dates.h"
#include "tls/handle.h"
#include "tls/new_authority.h"
#include "tls/peer_certificate.h"
#include "tls/serial.h"

namespace hyalite {

inline SigningAuthority test_ca(WallTime now, NewAuthority wanted = {}) {
  if (wanted.common_name.empty()) wanted.common_name = "Test CA";
  return *create_authority(wanted, now);
}

// Self-signed, with these alternative names as OpenSSL writes them ("DNS:a.example,IP:192.0.2.1");
// empty: without the extension.
struct UpstreamCertificate {
  std::string common_name = "origin.example";
  std::string names = "DNS:origin.example";
  Validity validity{};
};

inline Certificate upstream(const UpstreamCertificate& wanted) {
  const PrivateKey key(EVP_EC_gen("P-256"));
  Certificate made(X509_new());
  X509* x = made.get();
  X509_set_version(x, X509_VERSION_3);
  set_random_serial(X509_get_serialNumber(x));
  set_time(X509_getm_notBefore(x), wanted.validity.not_before);
  set_time(X509_getm_notAfter(x), wanted.validity.not_after);
  if (!wanted.common_name.empty()) {
    X509_NAME_add_entry_by_NID(X509_get_subject_name(x), NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(wanted.common_name.data()),
                               static_cast<int>(wanted.common_name.size()), -1, 0);
  }
  X509_set_issuer_name(x, X509_get_subject_name(x));
  X509_set_pubkey(x, key.get());
  if (!wanted.names.empty()) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, x, x, nullptr, nullptr, 0);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, wanted.names.c_str());
    if (names != nullptr) X509_add_ext(x, names, -1);
    X509_EXTENSION_free(names);
  }
  X509_sign(x, key.get(), EVP_sha256());
  return made;
}

// As an upstream showed it.
inline PeerCertificate shown(const Certificate& certificate) {
  X509_up_ref(certificate.get());
  return PeerCertificate(certificate.get());
}

inline Certificate from_der(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  return Certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())));
}

// What a strict TLS client that trusts `root` says to this leaf for that host: X509_V_OK or why
// not.
inline int client_says(X509* leaf, X509* root, std::string_view host, WallTime now,
                       STACK_OF(X509) * intermediates = nullptr) {
  X509_STORE* store = X509_STORE_new();
  X509_STORE_add_cert(store, root);
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store, leaf, intermediates);
  X509_VERIFY_PARAM* wanted = X509_STORE_CTX_get0_param(context);
  const std::string name(host);
  if (X509_VERIFY_PARAM_set1_ip_asc(wanted, name.c_str()) != 1)
    X509_VERIFY_PARAM_set1_host(wanted, name.c_str(), name.size());
  X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_flags(wanted, X509_V_FLAG_X509_STRICT);
  X509_VERIFY_PARAM_set_time(wanted, std::chrono::system_clock::to_time_t(now));
  const int verified = X509_verify_cert(context);
  const int why = verified == 1 ? X509_V_OK : X509_STORE_CTX_get_error(context);
  X509_STORE_CTX_free(context);
  X509_STORE_free(store);
  return why;
}

}  // namespace hyalite
