// Makes leaves: certificates for clients, in the names of the servers they asked for.
// SPDX-License-Identifier: MIT
#include "tls/mint.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "tls/der.h"
#include "tls/digest.h"
#include "tls/new_authority.h"
#include "tls/openssl_error.h"

namespace hyalite {

namespace {

using namespace std::string_view_literals;
using Extension = Owned<X509_EXTENSION, X509_EXTENSION_free>;

// Object identifiers, as contents of an OBJECT IDENTIFIER (RFC 5280, appendix A).
constexpr std::string_view kCommonName = "\x55\x04\x03"sv;
constexpr std::string_view kSubjectKeyId = "\x55\x1d\x0e"sv;
constexpr std::string_view kAlternativeNames = "\x55\x1d\x11"sv;

// A SubjectPublicKeyInfo up to the point: id-ecPublicKey, prime256v1 (RFC 5480, section 2.1.1).
constexpr std::string_view kP256KeyHead =
    "\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00"sv;
constexpr std::string_view kVersion3 = "\x02\x01\x02"sv;
constexpr std::string_view kTrue = "\xff"sv;

std::string_view text_of(std::span<const unsigned char> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// ---- what is made once

// Of something of OpenSSL's; empty: it cannot be encoded.
template <class T>
std::string encoded(int (*encode)(T*, unsigned char**), std::type_identity_t<T>* object) {
  unsigned char* bytes = nullptr;
  const int size = object == nullptr ? -1 : encode(object, &bytes);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

std::string extension(X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, issuer, nullptr, nullptr, 0);
  return encoded<const X509_EXTENSION>(i2d_X509_EXTENSION, Extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value)).get());
}

std::string usage_extensions(X509* issuer) {
  struct Value {
    int nid;
    const char* text;
  };
  std::string all;
  for (const Value& value : {Value{NID_basic_constraints, "critical,CA:FALSE"}, Value{NID_key_usage, "critical,digitalSignature"},
                             Value{NID_ext_key_usage, "serverAuth"}}) {
    const std::string one = extension(issuer, value.nid, value.text);
    if (one.empty()) return {};
    all += one;
  }
  return all;
}

// As the issuer calls its own key, or as it would (RFC 5280, section 4.2.1.2, method 1).
std::string authority_key_extension(X509* issuer) {
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
  return encoded<const X509_EXTENSION>(i2d_X509_EXTENSION, Extension(X509V3_EXT_i2d(NID_authority_key_identifier, 0, id.get())).get());
}

// How certificates name the algorithm of this key's signatures over SHA-256; empty: it cannot sign them.
std::string algorithm_of(EVP_PKEY* key) {
  const Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* signing = nullptr;
  if (!context || EVP_DigestSignInit(context.get(), &signing, EVP_sha256(), nullptr, key) != 1) return {};
  std::array<unsigned char, 128> identifier;
  OSSL_PARAM wanted[] = {
      OSSL_PARAM_construct_octet_string(OSSL_SIGNATURE_PARAM_ALGORITHM_ID, identifier.data(), identifier.size()),
      OSSL_PARAM_construct_end(),
  };
  if (EVP_PKEY_CTX_get_params(signing, wanted) != 1 || OSSL_PARAM_modified(wanted) != 1) return {};
  return std::string(text_of(identifier).substr(0, wanted[0].return_size));
}

// ---- what each leaf has of its own

struct EncodedTime {
  DerTag tag;
  std::string text;
};

// Whole seconds; in two digits only until 2049 (RFC 5280, section 4.1.2.5).
EncodedTime encoded_time(WallTime time) {
  const auto second = std::chrono::floor<Seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  const int year = static_cast<int>(date.year());
  std::string text;
  const auto two = [&](auto number) {
    text += static_cast<char>('0' + static_cast<int>(number) / 10 % 10);
    text += static_cast<char>('0' + static_cast<int>(number) % 10);
  };
  const bool short_form = year >= 1950 && year <= 2049;
  if (!short_form) two(year / 100);
  two(year % 100);
  two(static_cast<unsigned>(date.month()));
  two(static_cast<unsigned>(date.day()));
  two(clock.hours().count());
  two(clock.minutes().count());
  two(clock.seconds().count());
  text += 'Z';
  return {short_form ? DerTag::utc_time : DerTag::generalized_time, std::move(text)};
}

void put_validity(Der& der, const Validity& validity) {
  der.nest(DerTag::sequence, [&] {
    for (const WallTime time : {validity.not_before, validity.not_after}) {
      const EncodedTime encoded = encoded_time(time);
      der.put(encoded.tag, encoded.text);
    }
  });
}

void put_subject(Der& der, std::string_view common_name) {
  der.nest(DerTag::sequence, [&] {
    if (common_name.empty()) return;
    der.nest(DerTag::set, [&] {
      der.nest(DerTag::sequence, [&] { der.put(DerTag::object, kCommonName).put(DerTag::utf8_string, common_name); });
    });
  });
}

// Names of the leaf; critical where there is no subject (RFC 5280, section 4.2.1.6).
void put_alternative_names(Der& der, const LeafText& text) {
  der.nest(DerTag::sequence, [&] {
    der.put(DerTag::object, kAlternativeNames);
    if (text.common_name.empty()) der.put(DerTag::boolean, kTrue);
    der.nest(DerTag::octet_string, [&] {
      der.nest(DerTag::sequence, [&] {
        for (const std::string& dns : text.dns) der.put(DerTag::bytes_2, dns);
        for (const IpAddress& ip : text.addresses) der.put(DerTag::bytes_7, ip.bytes());
      });
    });
  });
}

void put_key_id(Der& der, const PublicPoint& key) {
  const auto digest = sha1_of(text_of(key));
  der.nest(DerTag::sequence, [&] {
    der.put(DerTag::object, kSubjectKeyId);
    der.nest(DerTag::octet_string, [&] { der.put(DerTag::octet_string, text_of(digest)); });
  });
}

}  // namespace

Mint::Mint(const SigningAuthority& authority, Common common, Signing signing)
    : authority_(&authority), common_(std::move(common)), signing_(std::move(signing)) {
  for (const Certificate& issuer : authority.view.chain) {
    Constraints constraints(static_cast<NAME_CONSTRAINTS*>(
        X509_get_ext_d2i(issuer.get(), NID_name_constraints, nullptr, nullptr)));
    if (constraints) constraints_.push_back(std::move(constraints));
  }
}

Result<Mint> Mint::open(const SigningAuthority& authority) {
  X509* issuer = authority.view.certificate();
  Common common{algorithm_of(authority.key.get()),
                encoded<const X509_NAME>(i2d_X509_NAME, X509_get_subject_name(issuer)),
                usage_extensions(issuer),
                authority_key_extension(issuer)};
  Signing signing(EVP_PKEY_CTX_new(authority.key.get(), nullptr));
  if (common.algorithm.empty() || common.issuer.empty() || common.usages.empty() || common.issuer_key.empty() || !signing ||
      EVP_PKEY_sign_init(signing.get()) != 1 || EVP_PKEY_CTX_set_signature_md(signing.get(), EVP_sha256()) != 1)
    return openssl_error(Fault::us, "cannot prepare leaves");
  return Mint(authority, std::move(common), std::move(signing));
}

std::string Mint::statement(const Order& order, const Serial& serial) const {
  Der der(1'024);
  der.nest(DerTag::sequence, [&] {
    der.put(DerTag::inside_0, kVersion3).positive(text_of(serial)).raw(common_.algorithm).raw(common_.issuer);
    put_validity(der, order.validity);
    put_subject(der, order.text.common_name);
    der.raw(kP256KeyHead).raw(text_of(order.key));
    der.nest(DerTag::inside_3, [&] {
      der.nest(DerTag::sequence, [&] {
        der.raw(common_.usages);
        put_key_id(der, order.key);
        der.raw(common_.issuer_key);
        put_alternative_names(der, order.text);
      });
    });
  });
  return der.take();
}

std::string Mint::signature_of(std::string_view statement) const {
  const Digest256 digest = sha256_of(statement);
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(authority_->key.get())), '\0');
  std::size_t size = signature.size();
  auto* room = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_PKEY_sign(signing_.get(), room, &size, digest.data(), digest.size()) != 1) return {};
  signature.resize(size);
  return signature;
}

bool Mint::permits(std::string_view der) const {
  const Certificate leaf = reader_.read(der);
  if (!leaf) return false;
  X509_check_purpose(leaf.get(), -1, 0);  // finds the names
  const bool permitted = std::all_of(constraints_.begin(), constraints_.end(), [&](const Constraints& it) {
    return NAME_CONSTRAINTS_check(leaf.get(), it.get()) == X509_V_OK;
  });
  ERR_clear_error();
  return permitted;
}

Result<std::string> Mint::mint(const Order& order) const {
  const auto serial = draw_serial();
  if (!serial) return openssl_error(Fault::us, "no random numbers");
  const std::string stated = statement(order, *serial);
  const std::string signature = signature_of(stated);
  if (signature.empty()) return openssl_error(Fault::us, "cannot sign a leaf");
  Der leaf(stated.size() + signature.size() + 64);
  leaf.nest(DerTag::sequence, [&] {
    leaf.raw(stated).raw(common_.algorithm);
    leaf.nest(DerTag::bit_string, [&] { leaf.raw("\0"sv).raw(signature); });
  });
  if (!constraints_.empty() && !permits(leaf.bytes()))
    return Error{Fault::operator_,
                 "the CA's name constraints do not permit this certificate's names", kNameNotPermitted};
  return leaf.take();
}

Result<SigningAuthority> untrusted_authority(WallTime now) {
  NewAuthority wanted;
  wanted.common_name = "Not trusted: the server's own certificate is faulty";
  return create_authority(wanted, now);
}

}  // namespace hyalite
