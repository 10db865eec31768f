// SPDX-License-Identifier: MIT
#include "settings/check.h"

#include <gtest/gtest.h>

#include "settings/reader.h"

namespace hyalite {

namespace {

std::string mistakes_in(std::string_view yaml) {
  return text_of(read_settings(yaml, "g.yaml").mistakes);
}
std::string beside_a_listener(const std::string& yaml) {
  return mistakes_in("listeners: [{address: \"[::]:8080\"}]\n" + yaml);
}

}  // namespace

TEST(Check, FindsTwoListenersOnOneAddress) {
  EXPECT_EQ(mistakes_in("listeners:\n- address: 10.0.0.1:80\n- address: 10.0.0.1:80\n"),
            "g.yaml:3:12: listener on 10.0.0.1:80, expected an address of its own: listeners[0] "
            "takes 10.0.0.1:80\n");
  EXPECT_EQ(mistakes_in("listeners:\n- address: \"[::]:80\"\n- address: 0.0.0.0:80\n"),
            "g.yaml:3:12: listener on 0.0.0.0:80, expected an address of its own: listeners[0] "
            "takes [::]:80\n");
  EXPECT_EQ(
      mistakes_in(
          "listeners:\n- address: \"[::]:80\"\n- address: 10.0.0.1:80\n- address: \"[::]:81\"\n"),
      "");
  EXPECT_EQ(mistakes_in("listeners:\n- address: \"[::]:0\"\n- address: \"[::]:0\"\n"), "")
      << "any free port, twice";
}

TEST(Check, FindsNamesGivenTwice) {
  EXPECT_EQ(
      mistakes_in("listeners:\n- {address: 0.0.0.0:1, name: a}\n- {address: 0.0.0.0:2, name: a}\n"),
      "g.yaml:3:30: listener named \"a\", expected a name of its own: listeners[0] has it\n");
  EXPECT_EQ(beside_a_listener(
                "plugins:\n- {name: a, use: x}\n- {name: b, use: x}\n- {name: a, use: y}\n"),
            "g.yaml:5:10: plugin named \"a\", expected a name of its own: plugins[0] has it\n");
}

TEST(Check, FindsMarksThatShareBits) {
  EXPECT_EQ(beside_a_listener("upstream: {mark: 0x300000}"),
            "g.yaml:2:18: upstream.mark shares bits with interception.mark, expected bits of its "
            "own: the rules would "
            "catch our own connections\n");
  EXPECT_EQ(beside_a_listener("upstream: {mark: 0x200000}"), "");
}

TEST(Check, FindsAPortToBeKeptWithoutItsAddress) {
  EXPECT_NE(beside_a_listener("upstream: {source: proxy, keep_client_port: true}"), "");
  EXPECT_EQ(beside_a_listener("upstream: {keep_client_port: true}"), "");
  EXPECT_NE(beside_a_listener("upstream: {keep_client_port: true, reuse: {enabled: true}}"), "");
  EXPECT_EQ(beside_a_listener("upstream: {source: proxy, reuse: {enabled: true, idle: 5s}}"), "");
}

TEST(Check, KeepsTheAdminPagesFromOtherMachinesUnlessTold) {
  EXPECT_EQ(beside_a_listener("admin: {address: 0.0.0.0:9180}"),
            "g.yaml:2:18: admin.address is 0.0.0.0:9180, which other machines can reach, expected "
            "a loopback address, or "
            "admin.allow_remote: true\n");
  EXPECT_EQ(beside_a_listener("admin: {address: 0.0.0.0:9180, allow_remote: true}"), "");
  EXPECT_EQ(beside_a_listener("admin: {address: 127.8.8.8:9180}"), "");
  EXPECT_EQ(beside_a_listener("admin: {address: \"[::1]:9180\"}"), "");
  EXPECT_EQ(beside_a_listener("admin: {address: none}"), "");
}

TEST(Check, FindsAnAdminAddressThatAListenerTakes) {
  EXPECT_EQ(beside_a_listener("admin: {address: 127.0.0.1:8080}"),
            "g.yaml:2:18: admin.address is 127.0.0.1:8080, expected a port of its own: the "
            "listener on [::]:8080 takes "
            "it\n");
  EXPECT_NE(beside_a_listener("admin: {socket: /run/a}\ncontrol: {socket: /run/a}"), "");
}

TEST(Check, NamesTheLineOfALimitThatDoesNotFitIntoAnother) {
  EXPECT_EQ(beside_a_listener("limits:\n  head_bytes: 1MiB\n"),
            "g.yaml:3:15: limits.head_bytes is 1MiB, expected at most half of "
            "limits.buffered_bytes_per_flow, which is 256KiB\n");
  EXPECT_NE(beside_a_listener("limits: {head_bytes: 257KiB}"), "");
  EXPECT_EQ(beside_a_listener("limits: {trailer_bytes: 200KiB, chunk_line_bytes: 57KiB}"),
            "g.yaml:2:25: limits.trailer_bytes is 200KiB, expected at most half of limits.buffered_bytes_per_flow less "
            "limits.chunk_line_bytes, which is 199KiB\n");
  EXPECT_EQ(beside_a_listener("limits: {trailer_bytes: 199KiB, chunk_line_bytes: 57KiB}"), "");
  EXPECT_EQ(beside_a_listener("limits:\n  target_bytes: 65KiB\n"),
            "g.yaml:3:17: limits.target_bytes is 65KiB, expected at most limits.head_bytes, which "
            "is 64KiB\n");
  EXPECT_EQ(beside_a_listener("limits:\n  buffered_bytes_per_flow: 128KiB\n"), "");
  EXPECT_NE(beside_a_listener("limits: {held_body_bytes: 2GiB}"), "");
  EXPECT_EQ(beside_a_listener("limits: {flows: 100}"),
            "g.yaml:2:9: limits.flows_per_client is 2000, expected at most limits.flows, which is "
            "100, or 0 for no such "
            "limit\n");
  EXPECT_EQ(beside_a_listener("limits: {flows: 100, flows_per_client: 0}"), "");
}

TEST(Check, FindsTimesInTheWrongOrder) {
  EXPECT_EQ(beside_a_listener("timeouts: {sniff_silence: 10s}"),
            "g.yaml:2:27: timeouts.sniff_silence is 10s, expected less than timeouts.sniff, which "
            "is 10s\n");
  EXPECT_NE(beside_a_listener("containment: {call_budget: {warn: 2s}}"), "");
  EXPECT_NE(beside_a_listener("containment: {work_budget: {warn: 10m}}"), "");
}

// The table of docs/tls.md: what each moment allows, and what is known at it.
TEST(Check, RefusesAnswersAndConditionsThatAMomentDoesNotHave) {
  const auto rule = [](const std::string& rest) {
    return beside_a_listener("tls: {key_log: keys, ca: {certificate: ca.pem, key: ca.key}, rules: [{name: r, " + rest + "}]}");
  };
  EXPECT_EQ(rule("action: intercept, key_log: true"), "");
  EXPECT_NE(beside_a_listener("tls: {ca: {certificate: ca.pem, key: ca.key}, rules: [{name: r, action: intercept, key_log: true}]}")
                .find("key_log without a file"),
            std::string::npos);
  for (const char* fine : {"action: pass", "action: intercept", "action: block, block_with: reset", "action: block, block_with: page",
                           "action: redirect, to: 192.0.2.1:443", "moment: certificate, action: pass, defects: [expired]",
                           "action: block, ja3: [E7D705a3286e19ea42f587b344ee6865]", "action: block, ja4: [t13d1516h2_8daaf6152771_e5627efa2ab1, t00i000000_000000000000_000000000000]",
                           "moment: certificate, action: intercept", "moment: certificate, action: block",
                           "moment: handshake, action: block, block_with: page, versions: [tls1.2]",
                           "moment: handshake, action: block, block_with: reset"}) {
    EXPECT_EQ(rule(fine), "") << fine;
  }
  const std::pair<const char*, const char*> refused[] = {
      {"moment: handshake, action: pass", "pass after the handshake"},
      {"moment: handshake, action: intercept", "intercept after the handshake"},
      {"moment: handshake, action: block", "an alert after the handshake"},
      {"moment: handshake, action: redirect, to: 192.0.2.1:443", "redirect after the upstream was connected"},
      {"moment: certificate, action: redirect, to: 192.0.2.1:443", "redirect after the upstream was connected"},
      {"action: redirect", "redirect without to"},
      {"action: pass, to: 192.0.2.1:443", "to without redirect"},
      {"action: block, defects: [expired]", "defects are not known at this moment"},
      {"action: block, certificates: [ab]", "certificates are not known at this moment"},
      {"action: pass, key_log: true", "key_log without both handshakes ahead"},
      {"moment: certificate, action: intercept, key_log: true", "key_log without both handshakes ahead"},
      {"moment: certificate, action: block, versions: [tls1.2]", "versions are not known at this moment"},
      {"action: redirect, to: 192.0.2.1:0", "to has no port"},
      {"action: block, ja3: [e7d705a3286e19ea42f587b344ee686]", "can be nobody's"},
      {"action: block, ja4: [q13d0312h3_55b375c5d22e_06cda9e17597]", "can be nobody's"},
      {"action: block, ja4: [t13d1516h2_8daaf6152771_e5627efa2ab]", "can be nobody's"},
      {"action: block, ja4: [t13d1516h2_8daaf6152771_*]", "can be nobody's"},
      {"action: block, ja4: [t13d1516h2-8daaf6152771-e5627efa2ab1]", "can be nobody's"},
      {"moment: certificate, action: block, certificates: [da39a3ee5e6b4b0d3255bfef95601890afd80709]", "can be nobody's"},
  };
  for (const auto& [text, says] : refused) {
    EXPECT_NE(rule(text).find(says), std::string::npos) << text << ": " << rule(text);
  }
}

}  // namespace hyalite
