#include "tls/mint.h"

#include <gtest/gtest.h>

#include <set>

#include "certificates.h"
#include "tls/certificate_text.h"
#include "tls/leaf_keys.h"
#include "tls/signer.h"

namespace hyalite {
namespace {

using std::chrono::days;

NewAuthority lasting(Seconds validity) {
  NewAuthority wanted;
  wanted.validity = validity;
  return wanted;
}

class MintTest : public testing::Test {
 protected:
  void SetUp() override { open(NewAuthority{}); }
  void open(NewAuthority wanted, ValidityLimits limits = {days{30}, false}) {
    open(test_ca(clock.wall_time(), wanted), limits);
  }
  void open(SigningAuthority authority, ValidityLimits limits = {days{30}, false}) {
    root = authority.view.chain[0];
    auto opened = Signer::open(std::move(authority), limits, clock);
    ASSERT_TRUE(opened) << opened.error().text;
    signer = std::move(*opened);
  }
  Certificate mint(const LeafText& text) {
    const auto answer = read_signer_answer(signer->answer(write(MintRequest{7, key.point, text})));
    if (!answer) return {};
    if (const auto* refusal = std::get_if<SignerRefusal>(&*answer)) {
      refused = refusal->why.text;
      return {};
    }
    EXPECT_EQ(std::get<MintAnswer>(*answer).number, 7u);
    return from_der(std::get<MintAnswer>(*answer).der);
  }
  Certificate mint_for(const UpstreamCertificate& from, std::string_view server_name,
                       LeafIssuer issuer = LeafIssuer::trusted) {
    const Certificate its = upstream(from);
    const auto text = leaf_text({server_name, ip, shown(its), issuer}, 100);
    if (!text) {
      refused = text.error().text;
      return {};
    }
    return mint(*text);
  }
  // Of an upstream certificate that is valid for three months from now on.
  Validity good() const { return {clock.wall_time() - days{1}, clock.wall_time() + days{90}}; }
  int says(const Certificate& leaf, std::string_view host) const {
    return client_says(leaf.get(), root.get(), host, clock.wall_time());
  }
  Validity validity(const Certificate& leaf) const {
    return {*wall_time_of(X509_get0_notBefore(leaf.get())),
            *wall_time_of(X509_get0_notAfter(leaf.get()))};
  }

  ManualClock clock;
  const LeafKey key = *make_leaf_key();
  const IpAddress ip = *IpAddress::parse("192.0.2.7");
  std::unique_ptr<Signer> signer;
  Certificate root;
  std::string refused;
};

TEST_F(MintTest, AStrictClientTakesALeafForTheUpstreamsNamesAndNoOthers) {
  const Certificate leaf = mint_for(
      {"origin.example",
       "DNS:origin.example,DNS:*.w.example,DNS:xn--bcher-kva.example,IP:192.0.2.7,IP:2001:db8::7",
       good()},
      "origin.example");
  ASSERT_TRUE(leaf);
  for (const char* host :
       {"origin.example", "any.w.example", "xn--bcher-kva.example", "192.0.2.7", "2001:db8::7"})
    EXPECT_EQ(says(leaf, host), X509_V_OK) << host;
  EXPECT_EQ(says(leaf, "other.example"), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(says(leaf, "two.any.w.example"), X509_V_ERR_HOSTNAME_MISMATCH);
  EXPECT_EQ(says(leaf, "192.0.2.8"), X509_V_ERR_IP_ADDRESS_MISMATCH);
}

TEST_F(MintTest, TheNameAskedForIsNotAdded) {
  const Certificate leaf = mint_for({.validity = good()}, "asked.example");
  ASSERT_TRUE(leaf);
  EXPECT_EQ(says(leaf, "asked.example"), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(MintTest, ALeafIsAnEndCertificateForServersOnly) {
  const Certificate leaf = mint_for({.validity = good()}, "origin.example");
  ASSERT_TRUE(leaf);
  EXPECT_EQ(X509_check_ca(leaf.get()), 0);
  EXPECT_EQ(X509_get_key_usage(leaf.get()), static_cast<std::uint32_t>(KU_DIGITAL_SIGNATURE));
  EXPECT_EQ(X509_get_extended_key_usage(leaf.get()), static_cast<std::uint32_t>(XKU_SSL_SERVER));
  EXPECT_EQ(X509_check_purpose(leaf.get(), X509_PURPOSE_SSL_CLIENT, 0), 0);
  EXPECT_EQ(ASN1_OCTET_STRING_cmp(X509_get0_authority_key_id(leaf.get()),
                                  X509_get0_subject_key_id(root.get())),
            0);
  ASSERT_NE(X509_get0_subject_key_id(leaf.get()), nullptr);
  EXPECT_EQ(subject_text(leaf.get()), "CN=origin.example");
}

TEST_F(MintTest, SerialsAreRandomAndHave128Bits) {
  std::set<std::string> serials;
  int longest = 0;
  for (int i = 0; i < 300; ++i) {
    const Certificate leaf = mint_for({.validity = good()}, "origin.example");
    ASSERT_TRUE(leaf);
    const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf.get());
    EXPECT_EQ(ASN1_STRING_type(serial), V_ASN1_INTEGER);  // not a negative one
    serials.emplace(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                    static_cast<std::size_t>(ASN1_STRING_length(serial)));
    longest = std::max(longest, ASN1_STRING_length(serial));
  }
  EXPECT_EQ(serials.size(), 300u);
  EXPECT_EQ(longest, 16);
}

TEST_F(MintTest, ValidityFollowsFromNow) {
  const Certificate leaf = mint_for({.validity = good()}, "origin.example");
  const Validity first = validity(leaf);
  EXPECT_EQ(first.not_before, clock.wall_time() - kBackdated);
  EXPECT_EQ(first.not_after, clock.wall_time() - kBackdated + days{30});
  clock.advance(days{20});
  EXPECT_EQ(
      validity(mint_for({.validity = good()}, "origin.example")).not_before - first.not_before,
      days{20});
}

TEST_F(MintTest, NoLeafOutlivesTheCaOrTheUpstreamsCertificateOr200Days) {
  open(lasting(days{1'000}), {days{3'650}, false});
  const WallTime now = clock.wall_time();
  const auto end = [&](Validity of_upstream) {
    return validity(mint_for({.validity = of_upstream}, "origin.example")).not_after;
  };
  EXPECT_LT(end({now - days{1}, now + days{3'000}}), now + days{200});
  EXPECT_EQ(end({now - days{1}, now + days{12}}), now + days{12});
  clock.advance(days{990});
  EXPECT_EQ(end({now, now + days{3'000}}), *wall_time_of(X509_get0_notAfter(root.get())));
}

TEST_F(MintTest, ALeafMayOutliveTheUpstreamsCertificateWhenTheOperatorSaysSo) {
  open(NewAuthority{}, {days{30}, true});
  const WallTime now = clock.wall_time();
  EXPECT_EQ(
      validity(mint_for({.validity = {now - days{9}, now + days{2}}}, "origin.example")).not_after,
      now - kBackdated + days{30});
}

TEST_F(MintTest, AnUntrustedLeafShowsTheDefectToo) {
  const WallTime now = clock.wall_time();
  const Validity expired{now - days{100}, now - days{10}};
  const Certificate leaf = mint_for({.validity = expired}, "origin.example", LeafIssuer::untrusted);
  ASSERT_TRUE(leaf);
  EXPECT_EQ(validity(leaf), expired);
  EXPECT_EQ(says(leaf, "origin.example"), X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
  EXPECT_NE(issuer_text(leaf.get()), subject_text(root.get()));
}

TEST_F(MintTest, AnUpstreamThatHasACommonNameOnlyGetsItAsAName) {
  const Certificate leaf = mint_for({"device.example", "", good()}, "device.example");
  ASSERT_TRUE(leaf);
  EXPECT_EQ(says(leaf, "device.example"), X509_V_OK);
}

TEST_F(MintTest, WithAlternativeNamesTheCommonNameIsNoName) {
  const Certificate leaf = mint_for({"elsewhere.example", "DNS:origin.example", good()}, "x");
  ASSERT_TRUE(leaf);
  EXPECT_EQ(says(leaf, "elsewhere.example"), X509_V_ERR_HOSTNAME_MISMATCH);
}

TEST_F(MintTest, ACertificateWithoutAnyNameIsTheUpstreamsFault) {
  EXPECT_FALSE(
      mint_for({"A Device", "email:a@b.example,URI:http://x.example", good()}, "a.example"));
  EXPECT_NE(refused.find("no name"), std::string::npos) << refused;
}

TEST_F(MintTest, OddNamesAreLeftOut) {
  Certificate odd = upstream({"origin.example", "", good()});
  GENERAL_NAMES* names = sk_GENERAL_NAME_new_null();
  using namespace std::string_view_literals;
  for (const std::string_view bytes :
       {"good.example\0.evil.example"sv, "sp ace.example"sv, "*"sv, "*.example"sv, "f*.w.example"sv,
        "b\xc3\xbc"
        "cher.example"sv,
        ""sv, "-.-"sv, "UPPER.Example"sv, "a..example"sv}) {
    GENERAL_NAME* name = GENERAL_NAME_new();
    ASN1_STRING* string = ASN1_STRING_type_new(V_ASN1_IA5STRING);
    ASN1_STRING_set(string, bytes.data(), static_cast<int>(bytes.size()));
    GENERAL_NAME_set0_value(name, GEN_DNS, string);
    sk_GENERAL_NAME_push(names, name);
  }
  X509_add1_ext_i2d(odd.get(), NID_subject_alt_name, names, 0, X509V3_ADD_APPEND);
  GENERAL_NAMES_free(names);
  const auto text = leaf_text({"good.example", ip, shown(odd), LeafIssuer::trusted}, 100);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->dns, (std::vector<std::string>{"-.-", "upper.example"}));
}

TEST_F(MintTest, OfAHugeListTheNameAskedForIsKept) {
  std::string names = "DNS:n0.example";
  for (int i = 1; i < 3'000; ++i) names += ",DNS:n" + std::to_string(i) + ".example";
  const Certificate its = upstream({"n0.example", names, good()});
  const auto text = leaf_text({"n2999.example", ip, shown(its), LeafIssuer::trusted}, 100);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->dns.size(), 100u);
  EXPECT_EQ(text->dns[0], "n2999.example");
  EXPECT_TRUE(text->for_this_name);
  EXPECT_EQ(says(mint(*text), "n2999.example"), X509_V_OK);
}

TEST_F(MintTest, APageWithoutAnUpstreamHasTheNameAskedForOrTheDestination) {
  const auto named = leaf_text({"blocked.example", ip, {}, LeafIssuer::trusted}, 100);
  EXPECT_EQ(says(mint(*named), "blocked.example"), X509_V_OK);
  const auto unnamed = leaf_text({"", ip, {}, LeafIssuer::trusted}, 100);
  EXPECT_EQ(says(mint(*unnamed), "192.0.2.7"), X509_V_OK);
}

TEST_F(MintTest, ACommonNameTooLongForASubjectIsLeftOut) {
  const std::string label(63, 'a');
  const Certificate leaf =
      mint_for({"", "DNS:" + label + "." + label + ".example", good()}, "origin.example");
  ASSERT_TRUE(leaf);
  EXPECT_EQ(X509_NAME_entry_count(X509_get_subject_name(leaf.get())), 0);
  EXPECT_EQ(says(leaf, label + "." + label + ".example"), X509_V_OK);
}

TEST_F(MintTest, NameConstraintsOfTheCaAreKept) {
  NewAuthority wanted;
  wanted.permitted_names = {"allowed.example"};
  wanted.permitted_networks = {*Network::parse("192.0.2.0/24"), *Network::parse("2001:db8::/32")};
  open(wanted);
  EXPECT_EQ(name_constraints(root.get()),
            (std::vector<std::string>{"permitted allowed.example", "permitted 192.0.2.0/24",
                                      "permitted 2001:db8::/32"}));
  const Certificate leaf = mint_for(
      {"", "DNS:in.allowed.example,IP:192.0.2.9,IP:2001:db8::1", good()}, "in.allowed.example");
  ASSERT_TRUE(leaf) << refused;
  EXPECT_EQ(says(leaf, "in.allowed.example"), X509_V_OK);
  EXPECT_FALSE(mint_for({.validity = good()}, "origin.example"));
  EXPECT_NE(refused.find("name constraints"), std::string::npos) << refused;
  EXPECT_FALSE(mint_for({"", "IP:198.51.100.1", good()}, ""));
}

TEST_F(MintTest, NameConstraintsOfAnIssuerOfTheCaAreKept) {
  NewAuthority constrained;
  constrained.permitted_names = {"allowed.example"};
  SigningAuthority authority = test_ca(clock.wall_time());
  authority.view.chain.push_back(test_ca(clock.wall_time(), constrained).view.chain[0]);
  open(std::move(authority));
  EXPECT_TRUE(mint_for({"", "DNS:in.allowed.example", good()}, "in.allowed.example")) << refused;
  EXPECT_FALSE(mint_for({.validity = good()}, "origin.example"));
  EXPECT_NE(refused.find("name constraints"), std::string::npos) << refused;
}

TEST_F(MintTest, AKindOfNameThatIsNotPermittedIsExcluded) {
  NewAuthority names;
  names.permitted_names = {"example"};
  open(names);
  EXPECT_TRUE(mint_for({.validity = good()}, "origin.example"));
  EXPECT_FALSE(mint_for({"", "IP:198.51.100.1", good()}, ""));
  EXPECT_FALSE(mint_for({"", "IP:2001:db8::1", good()}, ""));
  NewAuthority networks;
  networks.permitted_networks = {*Network::parse("192.0.2.0/24")};
  open(networks);
  EXPECT_TRUE(mint_for({"", "IP:192.0.2.9", good()}, ""));
  EXPECT_FALSE(mint_for({"", "DNS:origin.example", good()}, ""));
}

TEST_F(MintTest, AnExpiredCaSignsNothing) {
  open(lasting(days{2}));
  clock.advance(days{3});
  EXPECT_FALSE(mint_for({.validity = good()}, "origin.example"));
  EXPECT_NE(refused.find("expired"), std::string::npos);
}

TEST_F(MintTest, MessagesThatAreNoneAreNotAnswered) {
  LeafText text;
  text.dns = {"origin.example"};
  const std::string whole = write(MintRequest{1, key.point, text});
  EXPECT_FALSE(signer->answer(whole).empty());
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_TRUE(signer->answer(whole.substr(0, size)).empty()) << size;
  EXPECT_TRUE(signer->answer(whole + "x").empty());
  text.dns = {"not a name"};
  EXPECT_TRUE(signer->answer(write(MintRequest{1, key.point, text})).empty());
  text.dns = {"a.example"};
  text.common_name = "no UTF-8: \x86H";
  EXPECT_TRUE(signer->answer(write(MintRequest{1, key.point, text})).empty());
  text.common_name.clear();
  text.dns.assign(kMostLeafNames + 1, "a.example");
  EXPECT_TRUE(signer->answer(write(MintRequest{1, key.point, text})).empty());
  EXPECT_TRUE(signer->answer(write(MintRequest{1, key.point, LeafText{}})).empty());
}

}  // namespace
}  // namespace hyalite
