#include "tls/authority.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "certificates.h"
#include "tls/certificate_text.h"
#include "tls/key_file.h"

namespace hyalite {
namespace {

using std::chrono::days;

class AuthorityTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(directory.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(directory); }

  std::string put(const std::string& name, const std::string& text, unsigned mode = 0600) {
    const std::string path = directory + '/' + name;
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  AuthorityFiles files_of(const SigningAuthority& authority, std::string_view passphrase = "") {
    return {put("ca.pem", certificate_pem(authority.view.certificate()), 0644),
            put("ca.key", *key_pem(authority.key, passphrase)), ""};
  }
  std::string why_not(const AuthorityFiles& files) const {
    const auto loaded = load_authority(files, now);
    return loaded ? "" : loaded.error().text;
  }

  std::string directory = testing::TempDir() + "authorityXXXXXX";
  const WallTime now = ManualClock().wall_time();
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(AuthorityTest, WhatWasCreatedIsLoadedAgain) {
  for (const KeyKind kind : {KeyKind::p256, KeyKind::p384, KeyKind::rsa3072}) {
    NewAuthority wanted;
    wanted.common_name = "Test CA";
    wanted.key = kind;
    const auto loaded = load_authority(files_of(*create_authority(wanted, now)), now);
    ASSERT_TRUE(loaded) << loaded.error().text;
    EXPECT_EQ(subject_text(loaded->view.certificate()), "CN=Test CA");
  }
}

TEST_F(AuthorityTest, AnEncryptedKeyNeedsItsPassphrase) {
  AuthorityFiles files = files_of(test_ca(now), "open sesame");
  EXPECT_SAYS(why_not(files), "is encrypted: tls.ca.passphrase_file");
  files.passphrase_file = put("wrong", "close sesame\n");
  EXPECT_SAYS(why_not(files), "cannot be decrypted");
  files.passphrase_file = put("right", "open sesame\n");
  EXPECT_EQ(why_not(files), "");
}

TEST_F(AuthorityTest, AKeyThatOthersMayReadIsRefused) {
  const AuthorityFiles files = files_of(test_ca(now));
  for (const unsigned mode : {0640u, 0604u, 0620u, 0601u}) {
    ::chmod(files.key.c_str(), mode);
    EXPECT_SAYS(why_not(files), "chmod 600 " + files.key);
  }
  ::chmod(files.key.c_str(), 0400);
  EXPECT_EQ(why_not(files), "");
}

TEST_F(AuthorityTest, AKeyThatCannotBeReadSaysForWhomAndWhatToDo) {
  const AuthorityFiles files = files_of(test_ca(now));
  const uid_t before = ::geteuid();
  ::chmod(directory.c_str(), 0755);
  ::chmod(files.certificate.c_str(), 0644);
  ::chmod(files.key.c_str(), 0);
  if (before == 0 && ::seteuid(12'345) != 0) GTEST_SKIP() << "there is one user here";
  const std::string user = before == 0 ? "12345" : "", why = why_not(files);
  ASSERT_EQ(::seteuid(before), 0);
  EXPECT_SAYS(why, "as user " + user);
  EXPECT_SAYS(why, "chown " + user);
}

TEST_F(AuthorityTest, AKeyThatBelongsToSomebodyElseIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  const AuthorityFiles files = files_of(test_ca(now));
  if (::chown(files.key.c_str(), 12'345, 0) != 0) GTEST_SKIP() << "nobody to give a file to";
  EXPECT_SAYS(why_not(files), "belongs to user 12345");
}

TEST_F(AuthorityTest, AnotherCertificatesKeyIsRefused) {
  const AuthorityFiles files = files_of(test_ca(now));
  put("ca.key", *key_pem(test_ca(now).key, ""));
  EXPECT_SAYS(why_not(files), "is not the key of the certificate");
}

TEST_F(AuthorityTest, ACertificateThatIsNotACasIsRefused) {
  AuthorityFiles files = files_of(test_ca(now));
  put("ca.pem",
      certificate_pem(upstream({"a.example", "DNS:a.example", {now, now + days{9}}}).get()));
  EXPECT_SAYS(why_not(files), "is not a CA's");
}

TEST_F(AuthorityTest, ACaThatIsNotValidNowIsRefused) {
  const AuthorityFiles files = files_of(test_ca(now, {}));
  EXPECT_SAYS(load_authority(files, now + days{4'000}).error().text, "expired on 2033-11-11");
  EXPECT_SAYS(load_authority(files, now - days{2}).error().text, "is valid from 2023-11-14 only");
}

TEST_F(AuthorityTest, FilesThatHoldSomethingElseAreNamed) {
  AuthorityFiles files = files_of(test_ca(now));
  put("ca.pem", "hello\n");
  EXPECT_SAYS(why_not(files), "ca.pem: holds no certificate in PEM");
  put("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_SAYS(why_not(files), "ca.pem");
  files = files_of(test_ca(now));
  put("ca.key", "hello\n");
  EXPECT_SAYS(why_not(files), "ca.key: holds no private key");
  files.key = directory;
  ::chmod(directory.c_str(), 0700);
  EXPECT_SAYS(why_not(files), "is not a file");
  files.key = directory + "/none";
  EXPECT_SAYS(why_not(files), "No such file");
}

// root signs intermediate; what is wrong with their order is said.
TEST_F(AuthorityTest, AnIntermediateCaBringsItsIssuers) {
  SigningAuthority root = test_ca(now, {});
  const PrivateKey key(EVP_EC_gen("P-256"));
  const Certificate middle(X509_dup(test_ca(now).view.certificate()));
  X509_NAME_add_entry_by_NID(X509_get_subject_name(middle.get()), NID_organizationalUnitName,
                             MBSTRING_ASC, reinterpret_cast<const unsigned char*>("Middle"), -1, -1,
                             0);
  X509_set_pubkey(middle.get(), key.get());
  X509_set_issuer_name(middle.get(), X509_get_subject_name(root.view.certificate()));
  // The extensions of the copy name another key: not what this test is about.
  while (X509_get_ext_count(middle.get()) > 2)
    X509_EXTENSION_free(X509_delete_ext(middle.get(), 2));
  X509_sign(middle.get(), root.key.get(), EVP_sha256());
  const std::string middle_pem = certificate_pem(middle.get()),
                    root_pem = certificate_pem(root.view.certificate());
  const auto good = authority_view(middle_pem + root_pem, "chain.pem", now);
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_EQ(good->chain.size(), 2u);
  const auto wrong = authority_view(root_pem + middle_pem, "chain.pem", now);
  ASSERT_FALSE(wrong);
  EXPECT_SAYS(wrong.error().text, "was not issued by");
}

TEST_F(AuthorityTest, NothingIsOverwritten) {
  const std::string path = directory + "/ca.key";
  ASSERT_TRUE(write_new_file(path, "first", 0600));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto again = write_new_file(path, "second", 0600);
  ASSERT_FALSE(again);
  EXPECT_SAYS(again.error().text, "exists already");
  EXPECT_EQ(*read_secret_file(path, 100), "first");
}

TEST_F(AuthorityTest, WhatCannotBeACaIsRefused) {
  NewAuthority wanted;
  EXPECT_FALSE(create_authority(wanted, now));
  wanted.common_name = "CA";
  wanted.permitted_names = {"*.example"};
  EXPECT_FALSE(create_authority(wanted, now));
}

TEST_F(AuthorityTest, AProfileForAppleHoldsTheCertificate) {
  NewAuthority wanted;
  wanted.common_name = "R&D <CA>";
  const SigningAuthority authority = *create_authority(wanted, now);
  const std::string profile = mobileconfig(authority.view.certificate());
  EXPECT_SAYS(profile, "<string>CN=R&amp;D \\&lt;CA\\&gt;</string>");
  const std::size_t from = profile.find("<data>") + 6, to = profile.find("</data>");
  std::string der((to - from) / 4 * 3, '\0');
  EVP_DecodeBlock(reinterpret_cast<unsigned char*>(der.data()),
                  reinterpret_cast<const unsigned char*>(profile.data() + from),
                  static_cast<int>(to - from));
  EXPECT_EQ(subject_text(from_der(der).get()), subject_text(authority.view.certificate()));
  EXPECT_EQ(profile, mobileconfig(authority.view.certificate()));
}

}  // namespace
}  // namespace hyalite
