#include "tls/handle.h"

#include <gtest/gtest.h>

#include "tls/openssl_error.h"

namespace hyalite {
namespace {

TEST(Handle, ACopyIsOneMoreReferenceToTheSameObject) {
  Certificate first(X509_new());
  X509* object = first.get();
  Certificate second = first;
  first = Certificate();
  EXPECT_EQ(second.get(), object);
  // Still alive: this would be a use after free under the sanitizer.
  EXPECT_EQ(X509_set_version(second.get(), X509_VERSION_3), 1);
}

TEST(OpensslError, NamesTheFirstCauseAndLeavesNothingBehind) {
  const unsigned char nonsense[] = {0x30, 0x05, 1, 2, 3};
  const unsigned char* at = nonsense;
  ASSERT_EQ(d2i_X509(nullptr, &at, sizeof(nonsense)), nullptr);
  const Error error = openssl_error(Fault::operator_, "ca.pem");
  EXPECT_TRUE(error.text.starts_with("ca.pem: ")) << error.text;
  EXPECT_EQ(openssl_error(Fault::us, "nothing").text, "nothing");
}

}  // namespace
}  // namespace hyalite
