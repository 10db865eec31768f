// What is wrong with an upstream's certificate.
// SPDX-License-Identifier: MIT
#include "tls/verification.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "tls/tls_transport.h"

namespace hyalite {

namespace {

Defect defect_of(int error) {
  switch (error) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return Defect::wrong_name;
    case X509_V_ERR_CERT_HAS_EXPIRED: return Defect::expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return Defect::not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return Defect::self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN: return Defect::unknown_issuer;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE: return Defect::missing_issuer;
    default: return Defect::other;
  }
}

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t kMostShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostShown); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMostShown) text += " and " + std::to_string(names.size() - kMostShown) + " more";
  return text.empty() ? "no host" : text;
}

// What a person needs to know to mend it.
std::string sentence(Defect defect, int error, X509_STORE_CTX* context) {
  X509* at = X509_STORE_CTX_get_current_cert(context);
  const PeerCertificate certificate(at != nullptr && X509_up_ref(at) == 1 ? at : nullptr);
  const std::string what = X509_verify_cert_error_string(error);
  if (!certificate) return what;
  switch (defect) {
    case Defect::wrong_name: return "the certificate is for " + joined(certificate.names()) + ", not for the name asked for";
    case Defect::expired: return "the certificate of \"" + certificate.subject() + "\" has expired";
    case Defect::not_yet_valid: return "the certificate of \"" + certificate.subject() + "\" is not valid yet";
    case Defect::self_signed: return "the certificate is signed by itself, and not trusted here";
    case Defect::unknown_issuer: return "the certificate's root \"" + certificate.subject() + "\" is not trusted here";
    case Defect::missing_issuer:
      return "the issuer \"" + certificate.issuer() + "\" was not sent by the server and is not trusted here: " +
             "the server may lack an intermediate certificate";
    case Defect::other:
    case Defect::count_: break;
  }
  return what + " (\"" + certificate.subject() + "\")";
}

}  // namespace

void expect_peer(SSL* connection, const std::string& name, WallTime now) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(connection);
  X509_VERIFY_PARAM_set_time(expected, std::chrono::system_clock::to_time_t(now));
  if (name.empty()) return;
  if (IpAddress::parse(name)) {
    X509_VERIFY_PARAM_set1_ip_asc(expected, name.c_str());
    return;
  }
  X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  X509_VERIFY_PARAM_set1_host(expected, name.data(), name.size());
}

int on_verify(int good, X509_STORE_CTX* context) {
  if (good == 1) return 1;
  const auto* connection =
      static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(context, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsFacts& facts = TlsTransport::of(connection).facts();
  const int error = X509_STORE_CTX_get_error(context);
  const Defect defect = defect_of(error);
  // One gap in a chain is told in two ways by the library.
  const bool known = facts.defects.has(defect) && defect == Defect::missing_issuer;
  facts.defects.add(defect);
  if (!known) facts.defect_text += (facts.defect_text.empty() ? "" : "; ") + sentence(defect, error, context);
  return 1;
}

WallTime earliest_end(SSL* connection) {
  WallTime end = WallTime::max();
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(connection);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    X509* one = sk_X509_value(chain, i);
    X509_up_ref(one);
    end = std::min(end, PeerCertificate(one).not_after());
  }
  return end;
}

std::size_t chain_bytes(SSL* connection) {
  std::size_t bytes = 0;
  STACK_OF(X509)* chain = SSL_get_peer_cert_chain(connection);
  for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
    bytes += static_cast<std::size_t>(std::max(i2d_X509(sk_X509_value(chain, i), nullptr), 0));
  }
  return bytes;
}

}  // namespace hyalite
