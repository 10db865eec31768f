// The lab's names, files and settings; that it works is shown by tests/system/lab_test.py.
// SPDX-License-Identifier: MIT
#include "lab/lab.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <map>

#include "interception/plan_text.h"
#include "lab/environment.h"
#include "lab/network.h"
#include "lab/program.h"
#include "lab/rules.h"
#include "settings/reader.h"

namespace hyalite {
namespace {

TEST(Lab, ModesAndHostsAreFoundByTheirNames) {
  for (const LabMode mode : kLabModes) EXPECT_EQ(lab_mode_from(name_of(mode)), mode);
  for (const LabHost host : kLabHosts) EXPECT_EQ(lab_host_from(name_of(host)), host);
  EXPECT_FALSE(lab_mode_from("TPROXY"));
  EXPECT_FALSE(lab_host_from(""));
}

TEST(Lab, EachModeHasSettingsThatInterceptAsItsNameSays) {
  LabOptions options;
  options.lan = "br0";
  options.ports = {25, 80, 8000};
  for (const LabMode mode : kLabModes) {
    options.mode = mode;
    const SettingsRead read = read_settings(lab_settings(options), "lab.yaml");
    ASSERT_TRUE(read) << name_of(mode) << text_of(read.mistakes);
    EXPECT_EQ(intercepts(read.settings), mode != LabMode::none);
    if (mode == LabMode::none) continue;
    const auto plan = make_plan(read.settings, MachineFacts{});
    ASSERT_TRUE(plan) << name_of(mode);
    EXPECT_FALSE(plan->steps.empty());
    const std::string commands = shell_text(commands_on(*plan));
    EXPECT_EQ(commands.find("br0") != std::string::npos, mode != LabMode::anyip) << commands;
    EXPECT_EQ(commands.find("10.71.2.2/32") != std::string::npos, mode == LabMode::anyip);
    const bool keeps_client = read.settings.upstream.source == UpstreamSource::client;
    EXPECT_EQ(keeps_client, mode != LabMode::redirect);
  }
}

TEST(Lab, EveryNameHasAnAddressOfBothFamilies) {
  const std::string hosts = lab_hosts_file();
  for (const char* line :
       {"10.71.1.2 client.lab\n", "fd71:1::2 client.lab\n", "10.71.2.2 origin.lab www.lab\n",
        "fd71:2::3 other.lab ads.lab\n", "127.0.0.1 localhost\n"}) {
    EXPECT_NE(hosts.find(line), std::string::npos) << line;
  }
}

TEST(Lab, AnExitStatusIsWhatAShellWouldSay) {
  EXPECT_EQ(exit_status(W_EXITCODE(7, 0)), 7);
  EXPECT_EQ(exit_status(W_EXITCODE(0, SIGKILL)), 128 + SIGKILL);
}

TEST(Lab, FaultsAreFoundByTheirNames) {
  for (const LabFault fault : kLabFaults) EXPECT_EQ(lab_fault_from(name_of(fault)), fault);
  EXPECT_FALSE(lab_fault_from("mtu"));
}

TEST(Lab, ItsCommandsFindInTheirEnvironmentWhereTheyAre) {
  LabOptions options;
  options.host = LabHost::origin;
  options.ports = {80, 8000};
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : lab_environment(options)) all[name] = value;
  EXPECT_EQ(all["HYALITE_LAB"], "tproxy");
  EXPECT_EQ(all["HYALITE_LAB_HOST"], "origin");
  EXPECT_EQ(all["HYALITE_LAB_OTHER_6"], "fd71:2::3");
  EXPECT_EQ(all["HYALITE_LAB_PORTS"], "80 8000");
  EXPECT_EQ(all["HYALITE_LAB_SETTINGS"], kLabSettingsFile);
}

}  // namespace
}  // namespace hyalite
