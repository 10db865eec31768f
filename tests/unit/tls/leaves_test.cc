#include "tls/leaves.h"

#include <gtest/gtest.h>
#include <openssl/err.h>

#include <array>
#include <deque>
#include <optional>

#include "certificates.h"
#include "tls/certificate_text.h"

namespace hyalite {
namespace {

using std::chrono::days;

// A signer that answers when the test says so.
class HeldSigner final : public SignerLink {
 public:
  explicit HeldSigner(const Signer& signer) : signer_(signer) {}
  void listen(Answers answers) override { answers_ = answers; }
  Result<void> send(std::string_view request) override {
    if (full) return Error{Fault::us, "full"};
    requests.emplace_back(request);
    return {};
  }
  void answer_all() {
    while (!requests.empty()) {
      const std::string request = std::move(requests.front());
      requests.pop_front();
      (*answers_)(signer_.answer(request));
    }
  }
  std::size_t mints() const {
    std::size_t count = 0;
    for (const std::string& one : requests)
      count += std::holds_alternative<MintRequest>(*read_signer_request(one));
    return count;
  }

  std::deque<std::string> requests;
  bool full = false;

 private:
  const Signer& signer_;
  std::optional<Answers> answers_;
};

struct Waiter {
  LeafTicket ticket{callback<&Waiter::on_leaf>(*this)};
  std::optional<Result<Leaf>> leaf;
  int answers = 0;
  void on_leaf(const Result<Leaf>& answer) {
    leaf = answer;
    ++answers;
  }
  X509* certificate() const { return leaf && *leaf ? (*leaf)->certificate.get() : nullptr; }
};

class LeavesTest : public testing::Test {
 protected:
  void SetUp() override {
    SigningAuthority authority = test_ca(clock.wall_time());
    root = authority.view.chain[0];
    signer = std::move(*Signer::open(std::move(authority), {days{30}, false}, clock));
    link.emplace(*signer);
    start();
  }
  void start(LeavesLimits limits = {}) {
    counts.fill(0);
    leaves.emplace(*loop, clock, *link, limits, counts.data());
    link->answer_all();  // the chain
  }
  Certificate origin(const std::string& name) const {
    return upstream(
        {name, "DNS:" + name, {clock.wall_time() - days{1}, clock.wall_time() + days{80}}});
  }
  void ask(const Certificate& its, std::string_view name, Waiter& waiter,
           LeafIssuer issuer = LeafIssuer::trusted) {
    leaves->ask({name, IpAddress{}, shown(its), issuer}, waiter.ticket);
  }
  void until(const auto& condition) {
    while (!condition()) loop->run_once();
  }

  ManualClock clock;
  std::unique_ptr<Loop> loop = std::move(*Loop::open());
  std::unique_ptr<Signer> signer;
  Certificate root;
  std::optional<HeldSigner> link;
  std::array<std::uint64_t, 4> counts{};
  std::optional<Leaves> leaves;
};

TEST_F(LeavesTest, ManyWhoWaitForOneHostGetOneMinting) {
  const Certificate its = origin("a.example");
  Waiter waiters[100];
  for (Waiter& waiter : waiters) ask(its, "a.example", waiter);
  EXPECT_EQ(link->mints(), 1u);
  EXPECT_EQ(leaves->count(LeafCount::joined), 99u);
  link->answer_all();
  for (const Waiter& waiter : waiters) {
    ASSERT_NE(waiter.certificate(), nullptr);
    EXPECT_EQ(waiter.certificate(), waiters[0].certificate());
  }
  EXPECT_EQ(client_says(waiters[0].certificate(), root.get(), "a.example", clock.wall_time()),
            X509_V_OK);
}

TEST_F(LeavesTest, WhatWasMintedIsAtHandAtOnce) {
  const Certificate its = origin("a.example");
  Waiter first, second;
  ask(its, "a.example", first);
  link->answer_all();
  ask(its, "a.example", second);
  EXPECT_EQ(second.certificate(), first.certificate());
  EXPECT_EQ(leaves->count(LeafCount::minted), 1u);
  EXPECT_EQ(leaves->count(LeafCount::cached), 1u);
}

TEST_F(LeavesTest, HostsHaveKeysOfTheirOwn) {
  Waiter a, b, defect;
  const Certificate its = origin("a.example");
  ask(its, "a.example", a);
  ask(origin("b.example"), "b.example", b);
  ask(its, "a.example", defect, LeafIssuer::untrusted);
  link->answer_all();
  ASSERT_TRUE(a.certificate() && b.certificate() && defect.certificate());
  EXPECT_NE(EVP_PKEY_eq((*a.leaf)->key.get(), (*b.leaf)->key.get()), 1);
  EXPECT_NE(EVP_PKEY_eq((*a.leaf)->key.get(), (*defect.leaf)->key.get()), 1);
  EXPECT_NE(EVP_PKEY_eq((*a.leaf)->key.get(), X509_get0_pubkey(root.get())), 1);
}

TEST_F(LeavesTest, PagesWithoutAnUpstreamBelongToTheirNames) {
  Waiter a, b, again;
  leaves->ask({"a.example", IpAddress{}, {}, LeafIssuer::trusted}, a.ticket);
  leaves->ask({"b.example", IpAddress{}, {}, LeafIssuer::trusted}, b.ticket);
  link->answer_all();
  leaves->ask({"a.example", IpAddress{}, {}, LeafIssuer::trusted}, again.ticket);
  EXPECT_EQ(client_says(b.certificate(), root.get(), "b.example", clock.wall_time()), X509_V_OK);
  EXPECT_EQ(again.certificate(), a.certificate());
}

TEST_F(LeavesTest, ALeafIsMintedAgainBeforeItExpires) {
  const Certificate its = origin("a.example");
  Waiter first, second;
  ask(its, "a.example", first);
  link->answer_all();
  clock.advance(days{29});
  ask(its, "a.example", second);
  EXPECT_EQ(second.answers, 0);
  link->answer_all();
  ASSERT_NE(second.certificate(), nullptr);
  EXPECT_NE(second.certificate(), first.certificate());
  EXPECT_EQ(client_says(second.certificate(), root.get(), "a.example", clock.wall_time()),
            X509_V_OK);
}

TEST_F(LeavesTest, TheOneThatWasNotAskedForLongestIsForgotten) {
  start({.cached = 2});
  const Certificate a = origin("a.example"), b = origin("b.example"), c = origin("c.example");
  Waiter waiters[5];
  for (const auto& [its, waiter] : {std::pair{&a, 0}, {&b, 1}, {&a, 2}, {&c, 3}}) {
    ask(*its, "x", waiters[waiter]);
    link->answer_all();
  }
  ask(a, "x", waiters[4]);
  EXPECT_EQ(waiters[4].certificate(), waiters[0].certificate());
  Waiter again;
  ask(b, "x", again);
  EXPECT_EQ(again.answers, 0);
}

TEST_F(LeavesTest, WhoeverCancelsIsNotCalledAndTheOthersAre) {
  const Certificate its = origin("a.example");
  Waiter stays;
  {
    Waiter goes;
    ask(its, "a.example", goes);
    ask(its, "a.example", stays);
  }
  link->answer_all();
  EXPECT_EQ(stays.answers, 1);
}

TEST_F(LeavesTest, ASignerThatDiedIsAskedAgain) {
  const Certificate its = origin("a.example");
  Waiter waiter;
  ask(its, "a.example", waiter);
  link->requests.clear();  // it had read this much
  clock.advance(Milliseconds{1'100});
  until([&] { return link->mints() > 0; });
  link->answer_all();
  EXPECT_NE(waiter.certificate(), nullptr);
}

TEST_F(LeavesTest, ASignerThatStaysAwayIsGivenUpOn) {
  Waiter waiter;
  link->full = true;
  ask(origin("a.example"), "a.example", waiter);
  clock.advance(Seconds{6});
  until([&] { return waiter.answers > 0; });
  EXPECT_EQ(waiter.certificate(), nullptr);
  EXPECT_EQ(leaves->count(LeafCount::refused), 1u);
}

TEST_F(LeavesTest, MintingsUnderWayAreBounded) {
  start({.waiting = 2});
  Waiter waiters[3];
  for (int i = 0; i < 3; ++i) ask(origin("a" + std::to_string(i) + ".example"), "x", waiters[i]);
  EXPECT_EQ(waiters[2].answers, 1);
  EXPECT_FALSE(*waiters[2].leaf);
}

TEST_F(LeavesTest, AnAnswerWithAnotherKeyIsNotTaken) {
  Waiter waiter;
  ask(origin("a.example"), "a.example", waiter);
  auto request = std::get<MintRequest>(*read_signer_request(link->requests.front()));
  request.key = make_leaf_key()->point;
  link->requests.front() = write(SignerRequest(request));
  link->answer_all();
  EXPECT_EQ(waiter.answers, 1);
  EXPECT_EQ(waiter.certificate(), nullptr);
}

TEST_F(LeavesTest, KeysAreMadeBeforehandAndTheirNumberIsBounded) {
  LeafKeys keys(*loop, 10);
  until([&] { return keys.spare() == 10; });
  for (int i = 0; i < 6; ++i) (void)keys.take();
  EXPECT_EQ(keys.spare(), 4u);
  until([&] { return keys.spare() == 10; });
}

// The certificate object is put together from parts: does a real handshake take it?
TEST_F(LeavesTest, AHandshakeSucceedsWithALeaf) {
  Waiter waiter;
  ask(origin("a.example"), "a.example", waiter);
  link->answer_all();
  ASSERT_NE(waiter.certificate(), nullptr);
  ASSERT_EQ(ERR_peek_error(), 0u);
  const Leaf& leaf = **waiter.leaf;
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const Context serving(SSL_CTX_new(TLS_server_method())),
        asking(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_max_proto_version(serving.get(), version);
    X509_STORE_add_cert(SSL_CTX_get_cert_store(asking.get()), root.get());
    X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(asking.get()),
                               std::chrono::system_clock::to_time_t(clock.wall_time()));
    const Owned<SSL, SSL_free> server(SSL_new(serving.get())), client(SSL_new(asking.get()));
    ASSERT_EQ(SSL_use_certificate(server.get(), leaf.certificate.get()), 1);
    ASSERT_EQ(SSL_use_PrivateKey(server.get(), leaf.key.get()), 1);
    ASSERT_EQ(SSL_check_private_key(server.get()), 1);
    ASSERT_EQ(SSL_set1_chain(server.get(), leaf.issuers), 1);
    SSL_set_verify(client.get(), SSL_VERIFY_PEER, nullptr);
    SSL_set1_host(client.get(), "a.example");
    BIO *ours, *theirs;
    BIO_new_bio_pair(&ours, 0, &theirs, 0);
    SSL_set_bio(server.get(), ours, ours);
    SSL_set_bio(client.get(), theirs, theirs);
    SSL_set_accept_state(server.get());
    SSL_set_connect_state(client.get());
    int done = 0;
    for (int i = 0; i < 10 && done != 2; ++i)
      done = (SSL_do_handshake(client.get()) == 1) + (SSL_do_handshake(server.get()) == 1);
    EXPECT_EQ(done, 2) << SSL_get_verify_result(client.get());
  }
}

}  // namespace
}  // namespace hyalite
