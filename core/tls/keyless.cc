// Reads certificates without looking at their keys.
// SPDX-License-Identifier: MIT
#include "tls/keyless.h"

namespace hyalite {

KeylessReader::KeylessReader()
    : library_(OSSL_LIB_CTX_new()), nobody_(library_ ? OSSL_PROVIDER_load(library_.get(), "null") : nullptr) {}

Certificate KeylessReader::read(std::string_view der) const {
  X509* read = X509_new_ex(library_.get(), nullptr);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = at + der.size();
  Certificate certificate;
  if (read != nullptr && d2i_X509(&read, &at, static_cast<long>(der.size())) != nullptr) certificate = Certificate(read);
  return at == end ? certificate : Certificate();
}

}  // namespace hyalite
