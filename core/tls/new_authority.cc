// Creates the operator's certificate authority.
// SPDX-License-Identifier: MIT
#include "tls/new_authority.h"

#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tls/dates.h"
#include "tls/leaf_text.h"
#include "tls/openssl_error.h"
#include "tls/serial.h"

namespace hyalite {

namespace {

using Bio = Owned<BIO, BIO_free_all>;
using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;

PrivateKey make_key(KeyKind kind) {
  switch (kind) {
    case KeyKind::p256:
      return PrivateKey(EVP_EC_gen("P-256"));
    case KeyKind::p384:
      return PrivateKey(EVP_EC_gen("P-384"));
    case KeyKind::rsa3072:
      return PrivateKey(EVP_RSA_gen(3'072));
  }
  return {};
}

bool add_text(X509_NAME* name, const char* field, const std::string& text) {
  return text.empty() ||
         X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// "10.0.0.0/8" as OpenSSL writes it: "10.0.0.0/255.0.0.0".
std::string with_mask(const Network& network) {
  const std::string text = network.text();
  const std::size_t slash = text.find('/');
  const IpAddress base = *IpAddress::parse(text.substr(0, slash));
  const std::size_t bytes = base.bytes().size();
  std::size_t bits = slash == std::string::npos ? bytes * 8 : std::stoul(text.substr(slash + 1));
  unsigned char mask[16] = {};
  for (std::size_t i = 0; i < bits; ++i)
    mask[i / 8] = static_cast<unsigned char>(mask[i / 8] | (0x80u >> (i % 8)));
  if (base.is_v4()) {
    in_addr four;
    std::copy(mask, mask + 4, reinterpret_cast<unsigned char*>(&four));
    return base.text() + '/' + IpAddress::v4(four).text();
  }
  // IpAddress would write ffff:... as an address, which is what OpenSSL reads.
  in6_addr six;
  std::copy(mask, mask + 16, reinterpret_cast<unsigned char*>(&six));
  return base.text() + '/' + IpAddress::v6(six).text();
}

std::string constraints_of(const NewAuthority& wanted) {
  std::string text = "critical";
  for (const std::string& name : wanted.permitted_names) text += ",permitted;DNS:" + name;
  for (const Network& network : wanted.permitted_networks)
    text += ",permitted;IP:" + with_mask(network);
  // What is not constrained at all would be free: a leaf could have any address as its name.
  if (wanted.permitted_networks.empty()) text += ",excluded;IP:0.0.0.0/0.0.0.0,excluded;IP:::/::";
  // A domain that nobody can have (RFC 2606); OpenSSL does not write an empty name, which is all.
  if (wanted.permitted_names.empty()) text += ",permitted;DNS:invalid";
  return text;
}

Result<void> check(const NewAuthority& wanted) {
  const auto refuse = [](std::string why) { return Error{Fault::operator_, std::move(why)}; };
  if (wanted.common_name.empty() || wanted.common_name.size() > kMostCommonName)
    return refuse("the CA's name has to have 1 to 64 bytes");
  if (wanted.organization.size() > kMostCommonName)
    return refuse("the organization may have 64 bytes at most");
  for (const std::string& name : wanted.permitted_names) {
    if (!is_certificate_name(name) || name.starts_with('*'))
      return refuse('"' + name + "\" is no domain that could be permitted");
  }
  return {};
}

bool write(X509* certificate, const PrivateKey& key, const NewAuthority& wanted, WallTime now) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const bool constrained = !wanted.permitted_names.empty() || !wanted.permitted_networks.empty();
  return X509_set_version(certificate, X509_VERSION_3) == 1 &&
         set_random_serial(X509_get_serialNumber(certificate)) &&
         set_time(X509_getm_notBefore(certificate), now - kBackdated) &&
         set_time(X509_getm_notAfter(certificate), now + wanted.validity) &&
         add_text(subject, "CN", wanted.common_name) &&
         add_text(subject, "O", wanted.organization) &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         X509_set_pubkey(certificate, key.get()) == 1 &&
         add_extension(certificate, certificate, NID_basic_constraints,
                       "critical,CA:TRUE,pathlen:0") &&
         add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
         add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
         (!constrained ||
          add_extension(certificate, certificate, NID_name_constraints, constraints_of(wanted))) &&
         X509_sign(certificate, key.get(), EVP_sha256()) > 0;
}

}  // namespace

Result<SigningAuthority> create_authority(const NewAuthority& wanted, WallTime now) {
  if (auto checked = check(wanted); !checked) return checked.error();
  PrivateKey key = make_key(wanted.key);
  Certificate certificate(X509_new());
  if (!key || !certificate || !write(certificate.get(), key, wanted, now))
    return openssl_error(Fault::us, "cannot make a CA");
  AuthorityView view;
  view.validity = {*wall_time_of(X509_get0_notBefore(certificate.get())),
                   *wall_time_of(X509_get0_notAfter(certificate.get()))};
  view.chain.push_back(std::move(certificate));
  return SigningAuthority{std::move(view), std::move(key)};
}

Result<std::string> key_pem(const PrivateKey& key, std::string_view passphrase) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  const bool written = PEM_write_bio_PKCS8PrivateKey(
                           bio.get(), key.get(), passphrase.empty() ? nullptr : EVP_aes_256_cbc(),
                           passphrase.empty() ? nullptr : passphrase.data(),
                           static_cast<int>(passphrase.size()), nullptr, nullptr) == 1;
  char* text = nullptr;
  const long size = written ? BIO_get_mem_data(bio.get(), &text) : 0;
  if (size <= 0) return openssl_error(Fault::us, "cannot write the key");
  return std::string(text, static_cast<std::size_t>(size));
}

}  // namespace hyalite
