// What the logger leaves out of its records: every secret, and nothing else.
// SPDX-License-Identifier: MIT
#include "http-logger/redact.h"

#include <gtest/gtest.h>

namespace {

const Redaction kUsual{false, Redaction::usual_query(), Redaction::usual_headers()};

std::string header(std::string_view name, std::string_view value) {
  return redacted_header(name, value, kUsual);
}
std::string url(std::string_view text) { return redacted_url(text, kUsual); }

TEST(Redact, AuthorizationKeepsItsScheme) {
  EXPECT_EQ(header("Authorization", "Basic dXNlcjpwYXNz"), "Basic [redacted]");
  EXPECT_EQ(header("PROXY-authorization", "Bearer  abc.def=="), "Bearer [redacted]");
  EXPECT_EQ(header("authorization", "Digest username=\"u\", response=\"r\""), "Digest [redacted]");
  // What has no scheme is all secret, and so is what only looks a little like one.
  for (const char* secret :
       {"", "dXNlcjpwYXNz", "a+b/c= x", "0123456789012345678901234 x", " x", "\"a b\""})
    EXPECT_EQ(header("Authorization", secret), "[redacted]") << secret;
}

TEST(Redact, CookieKeepsItsNames) {
  EXPECT_EQ(header("Cookie", "a=1; b=2;c=;d"),
            "a=[redacted]; b=[redacted]; c=[redacted]; [redacted]");
  EXPECT_EQ(header("Cookie", "=secret; x"), "[redacted]; [redacted]");
  EXPECT_EQ(header("Cookie", "a=\"x; y=z\"; b=1"), "a=[redacted]; b=[redacted]");
  EXPECT_EQ(header("Cookie", "a=\"x; y=z"), "a=[redacted]");
  EXPECT_EQ(header("Cookie", "a=b=c"), "a=[redacted]");
  EXPECT_EQ(header("cookie", ""), "");
}

TEST(Redact, SetCookieKeepsItsNameAndItsAttributes) {
  EXPECT_EQ(
      header("Set-Cookie", "id=abc; Path=/x; HttpOnly; max-age=5; SameSite=Lax; Secret=1; odd"),
      "id=[redacted]; Path=/x; HttpOnly; max-age=5; SameSite=Lax; Secret=[redacted]; [redacted]");
  // A cookie may be called like an attribute.
  EXPECT_EQ(header("Set-Cookie", "path=secret; Secure"), "path=[redacted]; Secure");
}

TEST(Redact, ParametersByTheirNames) {
  EXPECT_EQ(url("/a?q=1&token=abc&x=2"), "/a?q=1&token=[redacted]&x=2");
  EXPECT_EQ(url("/a?q=1;TOKEN=abc"), "/a?q=1;TOKEN=[redacted]");
  EXPECT_EQ(url("/a?q=1;TOKEN=abc&pass%77ord=x"), "/a?q=1;TOKEN=[redacted]&pass%77ord=[redacted]");
  EXPECT_EQ(url("/a?user[password]=x&auth.token=y&tokens=z"),
            "/a?user[password]=[redacted]&auth.token=[redacted]&tokens=z");
  EXPECT_EQ(url("/a?token&token=&=x&?token=y"), "/a?token&token=&=x&?token=[redacted]");
  EXPECT_EQ(url("/cb#access_token=abc&state=1"), "/cb#access_token=[redacted]&state=1");
  EXPECT_EQ(url("/a?tok%65n=1&%=2&%4=3"), "/a?tok%65n=[redacted]&%=2&%4=3");
  EXPECT_EQ(url("/plain/token=abc"), "/plain/token=abc");
  const Redaction all{false, {"*"}, {}};
  EXPECT_EQ(redacted_url("/a?q=1&b", all), "/a?q=[redacted]&b");
  const Redaction none{false, {}, {}};
  EXPECT_EQ(redacted_url("/a?token=1", none), "/a?token=1");
}

TEST(Redact, ASecretEndsWhereTheNextParameterSurelyBegins) {
  EXPECT_EQ(url("/a?password=Tr0ub;4dor?3&q=1"), "/a?password=[redacted]&q=1");
  EXPECT_EQ(url("/a?password=;x&q=1"), "/a?password=[redacted]&q=1");
  EXPECT_EQ(url("/a?password=a?b#token=c;d"), "/a?password=[redacted]#token=[redacted]");
  EXPECT_EQ(url("/a?TOKEN=abc;q=x"), "/a?TOKEN=[redacted]");
  EXPECT_EQ(url("/a?q=1?b;c&token=x"), "/a?q=1?b;c&token=[redacted]");
}

TEST(Redact, ParametersByPartsOfTheirNames) {
  for (const char* name :
       {"reset_password_token", "auth_token", "session_id", "oauth_token", "new_password", "new-password",
        "x-amz-signature", "user[x-amz-credential]", "a.client_secret", "my_api_key", "key_", "zip_code"}) {
    EXPECT_EQ(url("/a?" + std::string(name) + "=s"), "/a?" + std::string(name) + "=[redacted]");
  }
  for (const char* name : {"keyword", "monkey", "author", "passwords_", "decode", "sign", "sidebar_width", "_"})
    EXPECT_EQ(url("/a?" + std::string(name) + "=s"), "/a?" + std::string(name) + "=s");
  const Redaction own{false, {"user_name"}, {}};
  EXPECT_EQ(redacted_url("/a?old_user_name=s&username=s&user=s&xuser_name=s", own),
            "/a?old_user_name=[redacted]&username=s&user=s&xuser_name=s");
}

TEST(Redact, ParametersByPartsThatCapitalsBegin) {
  for (const char* name : {"accessToken", "clientSecret", "resetPasswordToken", "idToken", "JWTToken", "loginOTP", "X-Auth-Token", "sha256Signature",
                           "user[PassWord]", "user[X-Amz-Credential]", "a.apiKey", "%61ccessToken", "CLIENT_SECRET"}) {
    EXPECT_EQ(url("/a?" + std::string(name) + "=s"), "/a?" + std::string(name) + "=[redacted]");
  }
  for (const char* name : {"Keyword", "Monkey", "tokenizer", "AUTHOR", "deCoded", "passing_Word", "A"})
    EXPECT_EQ(url("/a?" + std::string(name) + "=s"), "/a?" + std::string(name) + "=s");
}

TEST(Redact, ParametersByTheNamesThatFrameworksGiveThem) {
  for (const char* name : {"pass", "passphrase", "credential", "credentials", "jwt", "csrf", "xsrf", "pin", "ticket", "PHPSESSID", "JSESSIONID",
                           "SAMLResponse", "refreshtoken", "accesstoken", "idtoken", "authtoken", "clientsecret", "user_pass", "csrfToken",
                           "user[pin]", "form:SAMLResponse", "CSRF"}) {
    EXPECT_EQ(url("/a?" + std::string(name) + "=s"), "/a?" + std::string(name) + "=[redacted]");
  }
  for (const char* name : {"passenger", "compass", "pinned", "spin", "tickets", "jwts", "SAMLRequest"})
    EXPECT_EQ(url("/a?" + std::string(name) + "=s"), "/a?" + std::string(name) + "=s");
}

// Whatever ASCII character stands before or behind it, as it is or escaped: only letters and digits make another name of it.
TEST(Redact, ParametersByPartsThatAnyOtherCharacterParts) {
  constexpr char kHex[] = "0123456789abcdef";
  for (int c = 0; c < 256; ++c) {
    if (c >= 'A' && c <= 'Z') continue;  // begins a part, or not
    const bool parts = c < 128 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z');
    const std::string escaped = std::string("%") + kHex[c / 16] + kHex[c % 16], value = parts ? "=[redacted]" : "=s";
    EXPECT_EQ(url("/a?token" + escaped + "=s"), "/a?token" + escaped + value);
    EXPECT_EQ(url("/a?" + escaped + "token=s"), "/a?" + escaped + "token" + value);
    EXPECT_EQ(url("/a?a" + escaped + "token" + escaped + "b=s"), "/a?a" + escaped + "token" + escaped + "b" + value);
  }
  for (const char* name : {"token!", "$token", "token'", "a(token)", "a{token}", "token*", "a,token", "a/token", "a|token", "a~token", "a@token", "token%00", "%00%0atoken"})
    EXPECT_EQ(url("/a?" + std::string(name) + "=s"), "/a?" + std::string(name) + "=[redacted]");
}

TEST(Redact, UsersAndPasswordsBeforeAHost) {
  EXPECT_EQ(url("http://user:pass@host/x@y?z"), "http://[redacted]@host/x@y?z");
  EXPECT_EQ(url("https://a@b@host"), "https://[redacted]@host");
  EXPECT_EQ(url("//u:p@host/"), "//[redacted]@host/");
  EXPECT_EQ(url("user:pass@host:443"), "[redacted]@host:443");
  EXPECT_EQ(url("/@scope/package"), "/@scope/package");
  EXPECT_EQ(header("Referer", "http://u:p@h/?sid=1"), "http://[redacted]@h/?sid=[redacted]");
  EXPECT_EQ(header("Location", "/next?code=1"), "/next?code=[redacted]");
}

TEST(Redact, HeadersThatAreSecretAsAWhole) {
  EXPECT_EQ(header("X-Api-Key", "abc"), "[redacted]");
  EXPECT_EQ(header("X-Other", "token=abc"), "token=abc");
  EXPECT_EQ(redacted_header("Authorization", "Basic x", {true, {}, {}}), "Basic x");
}

// Whatever a secret is, the record is the same: so nothing of it is there, not even its length.
TEST(Redact, ShowsNothingOfASecret) {
  std::string bytes;
  for (int c = 1; c < 256; ++c) {
    if (c != ';' && c != '&' && c != '#' && c != '?') bytes += static_cast<char>(c);
  }
  for (const std::string& secret : {std::string("x"), std::string(500, 'y'), bytes.substr(0, 30),
                                    bytes.substr(32, 1) + bytes, std::string("a b=c,d \" '")}) {
    EXPECT_EQ(header("Authorization", "Bearer " + secret), "Bearer [redacted]") << secret;
    for (const std::string& in_url : {secret, secret + ";" + secret + "?" + secret, ";" + secret, "?" + secret})
      EXPECT_EQ(url("/?token=" + in_url + "&q=1"), "/?token=[redacted]&q=1") << in_url;
    const std::string cookie = header("Cookie", "a=" + secret);
    EXPECT_EQ(cookie, "a=[redacted]") << secret;
  }
}

TEST(Redact, DoneTwiceChangesNothing) {
  for (const char* text : {"a=1; b=\"2;3\"; c", "Basic x", "http://u:p@h/?token=1#sid=2",
                           "path=1; Path=2; x", "/?token=1;2?3&sid=;#key=?", "", ";;", "=", "\"", "??&&=%"}) {
    for (const char* name :
         {"Authorization", "Cookie", "Set-Cookie", "Referer", "X-Api-Key", "X"}) {
      const std::string once = header(name, text);
      EXPECT_EQ(header(name, once), once) << name << ": " << text;
    }
  }
}

}  // namespace
