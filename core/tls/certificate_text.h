// Certificates for people, for files and for devices.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "tls/handle.h"
#include "tls/leaf_source.h"

namespace hyalite {

// "CN=Example CA,O=Example" (RFC 2253), with control characters escaped.
std::string subject_text(X509* certificate);
std::string issuer_text(X509* certificate);
// "EC P-256", "RSA 2048"; "unknown" when the key cannot be read.
std::string key_text(X509* certificate);
// What its name constraints permit and exclude: "permitted example.com"; empty: it has none.
std::vector<std::string> name_constraints(X509* certificate);

// Of its DER.
Sha256 sha256_of(X509* certificate);
std::string hex_text(const Sha256& digest);    // "0a1b..."
std::string colon_text(const Sha256& digest);  // "0A:1B:...", as browsers show it

std::string certificate_pem(X509* certificate);
std::string certificate_der(X509* certificate);
// For iPhones, iPads and Macs: a configuration profile that holds this certificate as a root. Its
// identifiers follow from the certificate, so that installing it again replaces it.
std::string mobileconfig(X509* certificate);

std::string date_text(WallTime time);  // "2026-01-31"

}  // namespace hyalite
