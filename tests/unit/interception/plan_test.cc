// The plans in plans/: settings in NAME.yaml, what is to be done in NAME.plan.
// With HYALITE_WRITE_PLANS=1 in the environment this test writes the latter anew.
// SPDX-License-Identifier: MIT
#include "interception/plan.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "interception/iptables_text.h"
#include "interception/plan_text.h"
#include "settings/reader.h"

namespace hyalite {

namespace {

const std::filesystem::path kPlans = HYALITE_SOURCE_DIR "/tests/unit/interception/plans";

std::string content(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

MachineFacts machine() {
  MachineFacts facts;
  facts.user_ids["backup"] = 34;
  facts.own_v4 = IpAddress::parse("192.0.2.9");
  facts.own_v6 = IpAddress::parse("2001:db8:9::9");
  return facts;
}

Settings settings_of(const std::string& yaml) {
  const SettingsRead read = read_settings(yaml, "g.yaml");
  EXPECT_TRUE(read) << text_of(read.mistakes);
  return read.settings;
}

Plan plan_of(const std::string& yaml, const PlanOptions& options = {},
             const MachineFacts& facts = machine()) {
  const auto plan = make_plan(settings_of(yaml), facts, options);
  EXPECT_TRUE(plan) << plan.error().text;
  return *plan;
}

std::string on_and_off(const Plan& plan) {
  return shell_text(commands_on(plan), plan.notes) + "\n# off\n" +
         shell_text(commands_off(plan), notes_off(plan));
}

constexpr char kGateway[] =
    "listeners: [{address: \"[::]:8080\"}]\n"
    "interception: {client_interfaces: [lan], origin_interfaces: [wan]}\n";

class Plans : public testing::TestWithParam<std::string> {};

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(kPlans)) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path().stem());
  }
  return found;
}

}  // namespace

TEST_P(Plans, IsWhatItsSettingsSay) {
  const bool keep_open = GetParam().ends_with("_keep_open");
  const std::string plan =
      on_and_off(plan_of(content(kPlans / (GetParam() + ".yaml")), {keep_open}));
  const auto golden = kPlans / (GetParam() + ".plan");
  if (std::getenv("HYALITE_WRITE_PLANS") != nullptr)
    std::ofstream(golden, std::ios::binary) << plan;
  EXPECT_EQ(content(golden), plan) << "HYALITE_WRITE_PLANS=1 writes it anew";
}

INSTANTIATE_TEST_SUITE_P(All, Plans, testing::ValuesIn(names()),
                         [](const auto& of) { return of.param; });

TEST(Plan, ThePageOfOperatorsShowsOne) {
  const std::string page = content(HYALITE_SOURCE_DIR "/docs/operating.md");
  const std::string plan = content(kPlans / "tproxy.plan");
  EXPECT_NE(page.find("```sh plan=tproxy\n" + plan.substr(0, plan.find("\n# off")) + "```\n"),
            std::string::npos);
}

TEST(Plan, SwitchingOffTakesTheStepsBackInReverse) {
  const Plan plan = plan_of(kGateway);
  const auto on = commands_on(plan), off = commands_off(plan);
  ASSERT_EQ(on.size(), off.size());
  EXPECT_EQ(on.back().words.front(), "nft");
  EXPECT_EQ(off.front().words.front(), "nft") << "first of all nothing new is brought to the proxy";
}

TEST(Plan, WithoutIpv6OnlyIpv4IsRouted) {
  MachineFacts facts = machine();
  facts.ipv6 = false;
  const Plan plan = plan_of(kGateway, {}, facts);
  for (const RoutingRule& rule : plan.all<RoutingRule>()) EXPECT_EQ(rule.family, Family::v4);
  for (const RouteEntry& route : plan.all<RouteEntry>()) EXPECT_EQ(route.family, Family::v4);
  EXPECT_FALSE(plan.notes.empty());
}

TEST(Plan, NamesAUserThatDoesNotExist) {
  const auto plan = make_plan(
      settings_of(std::string(kGateway).replace(std::string(kGateway).rfind('}'), 1,
                                                ", local: none, exempt: {users: [nobody-here]}}")),
      machine());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().text, "interception.exempt.users: there is no user \"nobody-here\"");
  EXPECT_EQ(plan.error().fault, Fault::operator_);
}

TEST(Plan, SettingsWithoutInterfacesInterceptNothing) {
  EXPECT_FALSE(intercepts(settings_of("listeners: [{address: \"[::]:8080\"}]\n")));
  EXPECT_TRUE(intercepts(settings_of(kGateway)));
}

TEST(Plan, JsonHoldsBothWays) {
  const std::string json = plan_json(plan_of(kGateway));
  EXPECT_TRUE(json.starts_with("{\"notes\":[],\"on\":[{\"command\":[\"ip\",\"-4\",\"route\","))
      << json;
  EXPECT_NE(json.find("\"off\":[{\"command\":[\"nft\",\"delete\",\"table\",\"inet\",\"hyalite\"]}"),
            std::string::npos);
}

TEST(Plan, WithIptablesFragmentsArePutTogetherByAChainThatNothingLeadsTo) {
  const Plan plan = plan_of(content(kPlans / "hybrid_proxy_source.yaml"));
  const std::string on = shell_text(iptables_commands_on(plan), {});
  EXPECT_NE(on.find("-A HYALITE_DEFRAGMENTING -p tcp -j TPROXY --on-port 1\n"), std::string::npos)
      << on;
  EXPECT_EQ(on.find("-j HYALITE_DEFRAGMENTING"), std::string::npos) << on;
  const std::string off = shell_text(iptables_commands_off(plan), {});
  EXPECT_NE(off.find("-X HYALITE_DEFRAGMENTING\n"), std::string::npos) << off;
}

TEST(Plan, WithIptablesOnlyClientsHaveBusinessOnPortsThatAreKept) {
  const std::string on =
      shell_text(iptables_commands_on(plan_of(content(kPlans / "hybrid.yaml"))), {});
  EXPECT_NE(on.find("-A HYALITE_INPUT -i lan -j RETURN\n"
                    "-A HYALITE_INPUT -i lo -j RETURN\n"
                    "-A HYALITE_INPUT -p tcp -m multiport --dports 80,443 --tcp-flags "
                    "FIN,SYN,RST,ACK SYN -m addrtype --dst-type LOCAL -m socket --nowildcard "
                    "--transparent -j REJECT --reject-with tcp-reset\n"),
            std::string::npos)
      << on;
}

TEST(Plan, AShellTakesItsWords) {
  EXPECT_EQ(shell_text({{{"sysctl", "-w", "a=4096 1 it's"}, {}}}),
            "sysctl -w 'a=4096 1 it'\\''s'\n");
}

}  // namespace hyalite
