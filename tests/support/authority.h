// A certificate authority for tests, in memory: for origins, and for a leaf source that answers at once.
// SPDX-License-Identifier: MIT
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <map>
#include <string>
#include <vector>

#include "tls/handle.h"
#include "tls/leaf_source.h"

namespace hyalite {

struct Issued {
  Certificate certificate;
  PrivateKey key;
};

class TestAuthority {
 public:
  struct Wish {
    std::vector<std::string> names;  // DNS names; those that are addresses become IP entries
    WallTime from, until;
    bool is_ca = false;
  };

  // A root of its own.
  explicit TestAuthority(const std::string& name, WallTime now) : name_(name), now_(now) {
    own_ = make({{}, now - std::chrono::hours(48), now + std::chrono::hours(24 * 3650), true}, name, nullptr);
  }
  // One between: signed by `parent`.
  TestAuthority(const std::string& name, const TestAuthority& parent) : name_(name), now_(parent.now_) {
    own_ = make({{}, now_ - std::chrono::hours(48), now_ + std::chrono::hours(24 * 365), true}, name, &parent.own_);
  }

  const Issued& own() const { return own_; }
  Issued issue(std::vector<std::string> names) const {
    return issue(Wish{std::move(names), now_ - std::chrono::hours(1), now_ + std::chrono::hours(24 * 90), false});
  }
  Issued issue(const Wish& wish) const { return make(wish, wish.names.empty() ? "none" : wish.names[0], &own_); }
  Issued self_signed(std::vector<std::string> names) const {
    return make({names, now_ - std::chrono::hours(1), now_ + std::chrono::hours(24 * 90), false}, names[0], nullptr);
  }

 private:
  static void set_time(ASN1_TIME* time, WallTime to) { ASN1_TIME_set(time, std::chrono::system_clock::to_time_t(to)); }

  static Issued make(const Wish& wish, const std::string& name, const Issued* issuer) {
    Issued made;
    made.key = PrivateKey(EVP_EC_gen("P-256"));
    X509* x = X509_new();
    made.certificate = Certificate(x);
    X509_set_version(x, X509_VERSION_3);
    std::uint64_t serial = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1);
    set_time(X509_getm_notBefore(x), wish.from);
    set_time(X509_getm_notAfter(x), wish.until);
    X509_set_pubkey(x, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509* by = issuer == nullptr ? x : issuer->certificate.get();
    X509_set_issuer_name(x, X509_get_subject_name(by));
    add(x, by, NID_basic_constraints, wish.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    add(x, by, NID_subject_key_identifier, "hash");
    if (issuer != nullptr) add(x, by, NID_authority_key_identifier, "keyid:always");
    std::string names;
    for (const std::string& one : wish.names) {
      names += (names.empty() ? "" : ",") + std::string(IpAddress::parse(one) ? "IP:" : "DNS:") + one;
    }
    if (!names.empty()) add(x, by, NID_subject_alt_name, names);
    X509_sign(x, (issuer == nullptr ? made.key : issuer->key).get(), EVP_sha256());
    return made;
  }

  static void add(X509* x, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, x, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }

  std::string name_;
  WallTime now_;
  Issued own_;
};

// Mirrors the names of the upstream, signs at once.
class TestLeaves final : public LeafSource {
 public:
  explicit TestLeaves(WallTime now) : trusted("Test CA", now), untrusted("Nobody", now) {}

  void ask(const LeafWish& wish, LeafTicket& ticket) override {
    ++asked;
    if (forbids) return ticket.answer(Error{Fault::operator_, "the CA does not permit it", kNameNotPermitted});
    if (fails) return ticket.answer(Error{Fault::us, "the signer is gone"});
    std::vector<std::string> names;
    if (wish.upstream) {
      names = wish.upstream.names();
    } else if (!wish.server_name.empty()) {
      names = {std::string(wish.server_name)};
    }
    if (names.empty()) names = {wish.destination.text()};
    std::string key = wish.issuer == LeafIssuer::trusted ? "t" : "u";
    for (const std::string& name : names) key += " " + name;
    auto& kept = made_[key];
    if (!kept.certificate) {
      const Issued issued = (wish.issuer == LeafIssuer::trusted ? trusted : untrusted).issue(names);
      kept.certificate = issued.certificate;
      kept.key = issued.key;
      auto size = static_cast<unsigned>(kept.digest.size());
      X509_digest(issued.certificate.get(), EVP_sha256(), kept.digest.data(), &size);
    }
    ticket.answer(kept);
  }

  TestAuthority trusted, untrusted;
  int asked = 0;
  bool fails = false, forbids = false;

 private:
  std::map<std::string, Leaf> made_;
};

}  // namespace hyalite
