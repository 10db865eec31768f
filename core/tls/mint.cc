// Makes leaves: certificates for clients, in the names of the servers they asked for.
// SPDX-License-Identifier: MIT
#include "tls/mint.h"

#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <utility>

#include "tls/new_authority.h"
#include "tls/openssl_error.h"
#include "tls/serial.h"

namespace hyalite {

namespace {

using KeyId = Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;
using Constraints = Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
int size_of(std::string_view text) { return static_cast<int>(text.size()); }

Extension extension(X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, issuer, nullptr, nullptr, 0);
  return Extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
}

// As the issuer calls its own key, or as it would (RFC 5280, section 4.2.1.2, method 1).
Extension authority_key_extension(X509* issuer) {
  const Owned<AUTHORITY_KEYID, AUTHORITY_KEYID_free> id(AUTHORITY_KEYID_new());
  if (!id) return {};
  if (const ASN1_OCTET_STRING* own = X509_get0_subject_key_id(issuer)) {
    id->keyid = ASN1_OCTET_STRING_dup(own);
  } else {
    unsigned char digest[SHA_DIGEST_LENGTH];
    unsigned size = 0;
    id->keyid = ASN1_OCTET_STRING_new();
    if (X509_pubkey_digest(issuer, EVP_sha1(), digest, &size) != 1 || id->keyid == nullptr ||
        ASN1_OCTET_STRING_set(id->keyid, digest, static_cast<int>(size)) != 1)
      return {};
  }
  return Extension(X509V3_EXT_i2d(NID_authority_key_identifier, 0, id.get()));
}

bool add(X509* leaf, const Extension& extension) {
  return X509_add_ext(leaf, extension.get(), -1) == 1;
}

bool set_subject(X509* leaf, const std::string& common_name) {
  return common_name.empty() ||
         X509_NAME_add_entry_by_NID(X509_get_subject_name(leaf), NID_commonName, MBSTRING_UTF8,
                                    bytes_of(common_name), size_of(common_name), -1, 0) == 1;
}

// Without the way over EVP_PKEY, which costs more than all the rest.
bool set_key(X509* leaf, const PublicPoint& key) {
  auto* bytes = static_cast<unsigned char*>(OPENSSL_memdup(key.data(), key.size()));
  if (bytes == nullptr) return false;
  if (X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(leaf), OBJ_nid2obj(NID_X9_62_id_ecPublicKey),
                             V_ASN1_OBJECT, OBJ_nid2obj(NID_X9_62_prime256v1), bytes,
                             static_cast<int>(key.size())) == 1)
    return true;
  OPENSSL_free(bytes);
  return false;
}

bool add_key_id(X509* leaf, const PublicPoint& key) {
  unsigned char digest[SHA_DIGEST_LENGTH];
  SHA1(key.data(), key.size(), digest);
  const KeyId id(ASN1_OCTET_STRING_new());
  return id && ASN1_OCTET_STRING_set(id.get(), digest, sizeof(digest)) == 1 &&
         X509_add1_ext_i2d(leaf, NID_subject_key_identifier, id.get(), 0, X509V3_ADD_APPEND) == 1;
}

bool add_name(GENERAL_NAMES* names, int type, std::string_view bytes) {
  ASN1_STRING* string =
      ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (string == nullptr || name == nullptr ||
      ASN1_STRING_set(string, bytes.data(), size_of(bytes)) != 1) {
    ASN1_STRING_free(string);
    GENERAL_NAME_free(name);
    return false;
  }
  GENERAL_NAME_set0_value(name, type, string);
  if (sk_GENERAL_NAME_push(names, name) > 0) return true;
  GENERAL_NAME_free(name);
  return false;
}

bool add_alternative_names(X509* leaf, const LeafText& text) {
  const Names names(sk_GENERAL_NAME_new_null());
  if (!names) return false;
  for (const std::string& dns : text.dns) {
    if (!add_name(names.get(), GEN_DNS, dns)) return false;
  }
  for (const IpAddress& ip : text.addresses) {
    if (!add_name(names.get(), GEN_IPADD, ip.bytes())) return false;
  }
  // Critical where there is no subject (RFC 5280, section 4.2.1.6).
  return X509_add1_ext_i2d(leaf, NID_subject_alt_name, names.get(), text.common_name.empty(),
                           X509V3_ADD_APPEND) == 1;
}

std::string der_of(X509* leaf) {
  unsigned char* bytes = nullptr;
  const int size = i2d_X509(leaf, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

}  // namespace

Mint::Mint(const Authority& authority, Common common)
    : authority_(&authority),
      common_(std::move(common)),
      constraints_(static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(
          authority.view.certificate(), NID_name_constraints, nullptr, nullptr))) {}

Result<Mint> Mint::open(const Authority& authority) {
  X509* issuer = authority.view.certificate();
  Common common{extension(issuer, NID_basic_constraints, "critical,CA:FALSE"),
                extension(issuer, NID_key_usage, "critical,digitalSignature"),
                extension(issuer, NID_ext_key_usage, "serverAuth"),
                authority_key_extension(issuer)};
  if (!common.basic_constraints || !common.key_usage || !common.extended_key_usage ||
      !common.authority_key)
    return openssl_error(Fault::us, "cannot prepare leaves");
  return Mint(authority, std::move(common));
}

bool Mint::write(X509* leaf, const Order& order) const {
  return X509_set_version(leaf, X509_VERSION_3) == 1 &&
         set_random_serial(X509_get_serialNumber(leaf)) &&
         X509_set_issuer_name(leaf, X509_get_subject_name(authority_->view.certificate())) == 1 &&
         set_time(X509_getm_notBefore(leaf), order.validity.not_before) &&
         set_time(X509_getm_notAfter(leaf), order.validity.not_after) &&
         set_subject(leaf, order.text.common_name) && set_key(leaf, order.key) &&
         add(leaf, common_.basic_constraints) && add(leaf, common_.key_usage) &&
         add(leaf, common_.extended_key_usage) && add_key_id(leaf, order.key) &&
         add(leaf, common_.authority_key) && add_alternative_names(leaf, order.text);
}

bool Mint::permits(X509* leaf) const {
  X509_check_purpose(leaf, -1, 0);  // finds the names
  return NAME_CONSTRAINTS_check(leaf, constraints_.get()) == X509_V_OK;
}

Result<std::string> Mint::mint(const Order& order) const {
  const Certificate leaf(X509_new());
  if (!leaf || !write(leaf.get(), order)) return openssl_error(Fault::us, "cannot write a leaf");
  if (X509_sign(leaf.get(), authority_->key.get(), EVP_sha256()) <= 0)
    return openssl_error(Fault::us, "cannot sign a leaf");
  if (constraints_ && !permits(leaf.get()))
    return Error{Fault::operator_,
                 "the CA's name constraints do not permit this certificate's names", kNameNotPermitted};
  std::string der = der_of(leaf.get());
  if (der.empty()) return openssl_error(Fault::us, "cannot encode a leaf");
  return der;
}

Result<Authority> untrusted_authority(WallTime now) {
  NewAuthority wanted;
  wanted.common_name = "Not trusted: the server's own certificate is faulty";
  return create_authority(wanted, now);
}

}  // namespace hyalite
