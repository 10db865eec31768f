// What the contexts of all kinds of TLS connections have in common, and how they are told whom to trust.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "settings/mistake.h"
#include "settings/settings.h"
#include "tls/handle.h"

namespace hyalite {

// For connections that become a TlsTransport.
Context new_context(const SSL_METHOD* method, TlsVersion oldest);

// `whom`: "system", or a file of certificates (PEM), seen from the settings file `file`. The mistake, at `path` of the settings,
// when none can be read.
std::optional<Mistake> trust(SSL_CTX* context, const std::string& whom, const std::string& file, const std::string& path);

// All certificates of a PEM file, in their order; empty when one of them cannot be read.
std::vector<Certificate> read_certificates(const std::string& path);
// Why there were none, with the path as the settings file `file` has it.
std::string why_no_certificates(const std::string& path, const std::string& file);

Mistake mistake_at(const std::string& file, std::string path, std::string what, std::string expected);
std::string seen_from(const std::string& file, const std::string& path);

}  // namespace hyalite
