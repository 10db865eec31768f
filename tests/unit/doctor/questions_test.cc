// Which routes doctor asks for.
// SPDX-License-Identifier: MIT
#include "doctor/questions.h"

#include <gtest/gtest.h>

#include "healthy.h"

namespace hyalite {
namespace {

TEST(Questions, AreAboutClientsThatAreThere) {
  const std::vector<AddressFact> addresses = {{"lan", *IpAddress::parse("10.71.1.1"), 24, true}};
  const std::vector<NeighborFact> neighbors = {{"lan", *IpAddress::parse("10.71.1.77")},
                                               {"wan", *IpAddress::parse("10.71.2.2")}};
  std::string asked;
  for (const ProbeFact& it : questions(healthy_settings(), addresses, neighbors, {}))
    asked += it.command + "\n";
  for (const char* line : {"ip route get 198.51.100.2 from 10.71.1.2 iif lan mark 0x100000\n",
                           "ip route get 198.51.100.2 from 10.71.1.77 iif lan mark 0x100000\n",
                           "ip route get 10.71.1.77\n",
                           "ip route get 10.71.1.2 from 198.51.100.2 iif wan mark 0x100000 ipproto "
                           "tcp sport 443 dport 40000\n",
                           "ip route get 198.51.100.2 from 10.71.1.2 iif lan ipproto icmp\n",
                           "ip route get 198.51.100.2\n"})
    EXPECT_NE(asked.find(line), std::string::npos) << line << "in\n" << asked;
  EXPECT_EQ(asked.find("10.71.2.2"), std::string::npos);
  EXPECT_EQ(asked.find("-6"), std::string::npos);
}

}  // namespace
}  // namespace hyalite
