// The operator's certificate authority: loads it, says what is wrong with it.
// SPDX-License-Identifier: MIT
#include "tls/authority.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <utility>

#include "tls/certificate_text.h"
#include "tls/key_file.h"
#include "tls/openssl_error.h"

namespace hyalite {

namespace {

using Bio = Owned<BIO, BIO_free_all>;

constexpr std::size_t kMostFileBytes = std::size_t{256} << 10;
constexpr std::size_t kMostChain = 8;
// What a browser takes of RSA: 2048 bits have 112 bits of security (NIST SP 800-57).
constexpr int kLeastSecurityBits = 112;

Error refused(const std::string& file, const std::string& why) {
  return Error{Fault::operator_, file + ": " + why};
}

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::string> read_public_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error::system(Fault::operator_, "cannot read " + path, errno);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (text.size() > kMostFileBytes) return refused(path, "is larger than any chain");
  return text;
}

bool may_sign(X509* certificate) {
  // Without the extension everything is allowed, and OpenSSL says all bits are set.
  return (X509_get_key_usage(certificate) & KU_KEY_CERT_SIGN) != 0;
}

// Kinds of keys whose signatures browsers take in certificates.
bool is_usual_key(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) return true;
  if (EVP_PKEY_is_a(key, "EC") != 1) return false;
  char group[32];
  std::size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group, sizeof(group), &size) != 1) return false;
  const std::string_view name(group, size);
  return name == "prime256v1" || name == "secp384r1" || name == "secp521r1";
}

Result<void> check_ca(X509* certificate, const std::string& file, WallTime now) {
  const std::string who = "the certificate of " + subject_text(certificate) + " ";
  // 1: a CA by its basic constraints; others of OpenSSL's answers are guesses for old certificates.
  if (X509_check_ca(certificate) != 1) {
    return refused(file, who +
                             "is not a CA's (basicConstraints CA:TRUE): no client takes leaves it "
                             "signs; make one with `hyalite ca init`");
  }
  if (!may_sign(certificate))
    return refused(file, who + "may not sign others (keyUsage keyCertSign)");
  const auto from = wall_time_of(X509_get0_notBefore(certificate));
  const auto until = wall_time_of(X509_get0_notAfter(certificate));
  if (!from || !until) return refused(file, who + "has dates that are none");
  if (now < *from) return refused(file, who + "is valid from " + date_text(*from) + " only");
  if (now >= *until) return refused(file, who + "expired on " + date_text(*until));
  const EVP_PKEY* key = X509_get0_pubkey(certificate);
  if (key == nullptr || !is_usual_key(key))
    return refused(file,
                   who + "has a key that browsers do not take: RSA, or EC P-256, P-384, P-521");
  if (EVP_PKEY_get_security_bits(key) < kLeastSecurityBits)
    return refused(file, who + "has a key that is too short: RSA needs 2048 bits");
  return {};
}

Result<void> check_issued(X509* certificate, X509* issuer, const std::string& file) {
  if (X509_check_issued(issuer, certificate) == X509_V_OK &&
      X509_verify(certificate, X509_get0_pubkey(issuer)) == 1)
    return {};
  (void)openssl_error(Fault::operator_, "");
  return refused(file, "the certificate of " + subject_text(certificate) + " was not issued by " +
                           subject_text(issuer) +
                           ", which follows it: the order is the CA, then its issuer, and so on");
}

Result<Chain> chain_of(std::string_view pem, const std::string& file) {
  const Bio bio = reader(pem);
  Chain chain;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    chain.emplace_back(one);
    if (chain.size() > kMostChain) return refused(file, "has more certificates than any chain");
  }
  const Error last = openssl_error(Fault::operator_, file);
  if (chain.empty())
    return refused(file, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
  // Reading ends with "no start line" when nothing but the end of the file follows.
  if (!last.text.ends_with("no start line")) return last;
  return chain;
}

struct Passphrase {
  std::string text;
  bool asked = false;
};

int give_passphrase(char* to, int most, int, void* from) {
  auto& passphrase = *static_cast<Passphrase*>(from);
  passphrase.asked = true;
  if (passphrase.text.empty() || passphrase.text.size() > static_cast<std::size_t>(most)) return -1;
  std::copy(passphrase.text.begin(), passphrase.text.end(), to);
  return static_cast<int>(passphrase.text.size());
}

Result<PrivateKey> read_key(const AuthorityFiles& files) {
  auto text = read_secret_file(files.key, kMostFileBytes);
  if (!text) return text.error();
  Passphrase passphrase;
  if (!files.passphrase_file.empty()) {
    auto secret = read_secret_file(files.passphrase_file, kMostFileBytes);
    if (!secret) return secret.error();
    passphrase.text = secret->substr(0, secret->find_first_of("\r\n"));
    OPENSSL_cleanse(secret->data(), secret->size());
  }
  const Bio bio = reader(*text);
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &passphrase));
  OPENSSL_cleanse(text->data(), text->size());
  OPENSSL_cleanse(passphrase.text.data(), passphrase.text.size());
  if (key) return key;
  const Error why = openssl_error(Fault::operator_, files.key);
  if (!passphrase.asked) return refused(files.key, "holds no private key in PEM");
  if (files.passphrase_file.empty())
    return refused(files.key,
                   "is encrypted: tls.ca.passphrase_file has to name the file with its "
                   "passphrase");
  return refused(files.key, "cannot be decrypted with the passphrase in " + files.passphrase_file);
}

}  // namespace

Result<AuthorityView> authority_view(std::string_view pem, const std::string& file, WallTime now) {
  auto chain = chain_of(pem, file);
  if (!chain) return chain.error();
  AuthorityView view{std::move(*chain), {WallTime::min(), WallTime::max()}};
  for (std::size_t i = 0; i < view.chain.size(); ++i) {
    X509* one = view.chain[i].get();
    if (auto checked = check_ca(one, file, now); !checked) return checked.error();
    if (i > 0) {
      if (auto issued = check_issued(view.chain[i - 1].get(), one, file); !issued)
        return issued.error();
    }
    view.validity.not_before =
        std::max(view.validity.not_before, *wall_time_of(X509_get0_notBefore(one)));
    view.validity.not_after =
        std::min(view.validity.not_after, *wall_time_of(X509_get0_notAfter(one)));
  }
  return view;
}

Result<AuthorityView> load_authority_view(const std::string& certificate_file, WallTime now) {
  const auto pem = read_public_file(certificate_file);
  if (!pem) return pem.error();
  return authority_view(*pem, certificate_file, now);
}

Result<SigningAuthority> load_authority(const AuthorityFiles& files, WallTime now) {
  auto view = load_authority_view(files.certificate, now);
  if (!view) return view.error();
  auto key = read_key(files);
  if (!key) return key.error();
  if (X509_check_private_key(view->certificate(), key->get()) != 1) {
    (void)openssl_error(Fault::operator_, "");
    return refused(files.key, "is not the key of the certificate in " + files.certificate);
  }
  return SigningAuthority{std::move(*view), std::move(*key)};
}

}  // namespace hyalite
