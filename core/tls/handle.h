// Owners of OpenSSL's objects.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <utility>

namespace hyalite {

// For what has one owner: Owned<BIO, BIO_free_all>.
template <auto kFree>
struct OpensslDeleter {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
template <class T, auto kFree>
using Owned = std::unique_ptr<T, OpensslDeleter<kFree>>;

// For what OpenSSL counts references of: a copy is one more reference to the same object, which
// nobody changes any more once it is shared.
template <class T, int (*kUpRef)(T*), void (*kFree)(T*)>
class Shared {
 public:
  Shared() = default;
  // Takes over the caller's reference.
  explicit Shared(T* object) : object_(object) {}
  // One more reference to what somebody else holds.
  static Shared of(T* object) {
    if (object != nullptr) kUpRef(object);
    return Shared(object);
  }
  Shared(const Shared& other) : Shared(of(other.object_)) {}
  Shared(Shared&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Shared() {
    if (object_ != nullptr) kFree(object_);
  }

  T* get() const { return object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // The caller's reference from now on.
  [[nodiscard]] T* release() { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

using Certificate = Shared<X509, X509_up_ref, X509_free>;
using PrivateKey = Shared<EVP_PKEY, EVP_PKEY_up_ref, EVP_PKEY_free>;
using Context = Shared<SSL_CTX, SSL_CTX_up_ref, SSL_CTX_free>;

inline void free_certificates(STACK_OF(X509) * stack) { sk_X509_pop_free(stack, X509_free); }
using CertificateStack = Owned<STACK_OF(X509), free_certificates>;

}  // namespace hyalite
