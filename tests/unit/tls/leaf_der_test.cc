// Leaves are written as bytes: here they are compared with what OpenSSL's own objects are encoded as.
#include <gtest/gtest.h>

#include "certificates.h"
#include "tls/leaf_keys.h"
#include "tls/mint.h"

namespace hyalite {
namespace {

using std::chrono::days;
using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

void add_extension(X509* leaf, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, leaf, nullptr, nullptr, 0);
  const Owned<X509_EXTENSION, X509_EXTENSION_free> made(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  ASSERT_TRUE(made) << value;
  X509_add_ext(leaf, made.get(), -1);
}

void add_name(GENERAL_NAMES* names, int type, std::string_view bytes) {
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_STRING* string = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
  ASN1_STRING_set(string, bytes.data(), static_cast<int>(bytes.size()));
  GENERAL_NAME_set0_value(name, type, string);
  sk_GENERAL_NAME_push(names, name);
}

// The same leaf, of OpenSSL's objects.
Certificate built(const Mint::Order& order, const ASN1_INTEGER* serial, X509* issuer, EVP_PKEY* public_key) {
  Certificate made(X509_new());
  X509* leaf = made.get();
  X509_set_version(leaf, X509_VERSION_3);
  X509_set_serialNumber(leaf, const_cast<ASN1_INTEGER*>(serial));
  X509_set_issuer_name(leaf, X509_get_subject_name(issuer));
  set_time(X509_getm_notBefore(leaf), order.validity.not_before);
  set_time(X509_getm_notAfter(leaf), order.validity.not_after);
  const std::string& name = order.text.common_name;
  if (!name.empty()) {
    X509_NAME_add_entry_by_NID(X509_get_subject_name(leaf), NID_commonName, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.data()), static_cast<int>(name.size()), -1, 0);
  }
  X509_set_pubkey(leaf, public_key);
  add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(leaf, issuer, NID_ext_key_usage, "serverAuth");
  add_extension(leaf, issuer, NID_subject_key_identifier, "hash");
  add_extension(leaf, issuer, NID_authority_key_identifier, "keyid:always");
  const Names names(sk_GENERAL_NAME_new_null());
  for (const std::string& dns : order.text.dns) add_name(names.get(), GEN_DNS, dns);
  for (const IpAddress& ip : order.text.addresses) add_name(names.get(), GEN_IPADD, ip.bytes());
  X509_add1_ext_i2d(leaf, NID_subject_alt_name, names.get(), name.empty(), X509V3_ADD_APPEND);
  return made;
}

std::string statement(X509* certificate) {
  unsigned char* bytes = nullptr;
  const int size = i2d_re_X509_tbs(certificate, &bytes);
  std::string der(reinterpret_cast<char*>(bytes), size < 0 ? 0 : static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return der;
}

class LeafDer : public testing::Test {
 protected:
  void open(KeyKind kind) {
    NewAuthority wanted;
    wanted.key = kind;
    authority = test_ca(now, wanted);
    mint = std::make_unique<Mint>(*Mint::open(authority));
  }

  void same(const LeafText& text, Validity validity) {
    const Mint::Order order{text, key.point, validity};
    const auto der = mint->mint(order);
    ASSERT_TRUE(der) << der.error().text;
    const Certificate leaf = from_der(*der);
    ASSERT_TRUE(leaf);
    X509* issuer = authority.view.certificate();
    const Certificate reference = built(order, X509_get0_serialNumber(leaf.get()), issuer, key.key.get());
    X509_sign(reference.get(), authority.key.get(), EVP_sha256());
    // What was written: from where the first SEQUENCE's content begins.
    const std::string wanted = statement(reference.get());
    EXPECT_EQ(der->find(wanted), der->size() - tail(leaf.get()) - wanted.size());
    EXPECT_EQ(statement(leaf.get()), wanted);
    EXPECT_EQ(X509_get_signature_nid(leaf.get()), X509_get_signature_nid(reference.get()));
    EXPECT_EQ(X509_verify(leaf.get(), X509_get0_pubkey(issuer)), 1);
    EXPECT_EQ(whole(leaf.get()), *der);
  }

  // Bytes of algorithm and signature, behind the statement.
  static std::size_t tail(X509* leaf) {
    const ASN1_BIT_STRING* signature = nullptr;
    const X509_ALGOR* algorithm = nullptr;
    X509_get0_signature(&signature, &algorithm, leaf);
    return static_cast<std::size_t>(i2d_ASN1_BIT_STRING(const_cast<ASN1_BIT_STRING*>(signature), nullptr) +
                                    i2d_X509_ALGOR(const_cast<X509_ALGOR*>(algorithm), nullptr));
  }

  // Every part of it encoded anew.
  static std::string whole(X509* leaf) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509(leaf, &bytes);
    std::string der(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
  }

  const WallTime now = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + Seconds{45'296};
  const Validity usual{now - kBackdated, now + days{30}};
  const LeafKey key = *make_leaf_key();
  SigningAuthority authority;
  std::unique_ptr<Mint> mint;
};

LeafText named(std::string common_name, std::vector<std::string> dns, std::vector<IpAddress> addresses = {}) {
  LeafText text;
  text.common_name = std::move(common_name);
  text.dns = std::move(dns);
  text.addresses = std::move(addresses);
  return text;
}

TEST_F(LeafDer, IsWhatOpenSslWritesForEveryKindOfCa) {
  for (const KeyKind kind : {KeyKind::p256, KeyKind::p384, KeyKind::rsa3072}) {
    open(kind);
    same(named("origin.example", {"origin.example", "*.origin.example"}), usual);
  }
}

TEST_F(LeafDer, IsWhatOpenSslWritesForOddNames) {
  open(KeyKind::p256);
  const IpAddress four = *IpAddress::parse("192.0.2.7"), six = *IpAddress::parse("2001:db8::7");
  same(named("", {}, {four}), usual);
  same(named("", {}, {six, four}), usual);
  same(named("xn--bcher-kva.example", {"xn--bcher-kva.example", "_srv.a.b", "*.x--y.example"}, {six}), usual);
  same(named("B\xc3\xbc" "cher \xe2\x9c\x93 \"quoted\", O=none\\", {"a.example"}), usual);
  same(named(std::string(kMostCommonName, 'x'), {"a"}), usual);
  // As much as one message from a worker may ask for.
  same(named("", std::vector<std::string>(200, std::string(kMostDnsName, 'n'))), usual);
}

// Lengths change their form at 128, 256 and 65,536 bytes, at every level of nesting at another name.
TEST_F(LeafDer, IsWhatOpenSslWritesForEveryLength) {
  open(KeyKind::p256);
  for (std::size_t size = 1; size <= kMostDnsName; ++size) same(named("", {std::string(size, 'n')}), usual);
  for (std::size_t names = 245; names <= 260; ++names)
    same(named("", std::vector<std::string>(names, std::string(kMostDnsName, 'n'))), usual);
}

TEST_F(LeafDer, IsWhatOpenSslWritesForEveryDate) {
  open(KeyKind::p256);
  for (const int year : {1700, 1949, 1950, 1999, 2000, 2049, 2050, 2261}) {
    const WallTime first = std::chrono::sys_days{std::chrono::year{year} / 1 / 1};
    for (const Seconds seconds : {Seconds{0}, Seconds{-1}, Seconds{59}, Seconds{86'399}, Seconds{31'535'999}})
      same(named("", {"a.example"}), {first + seconds, first + seconds + days{59}});
  }
}

}  // namespace
}  // namespace hyalite
