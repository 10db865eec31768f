// The lab's names, files and recipes; that it works is shown by tests/system/lab_test.py.
// SPDX-License-Identifier: MIT
#include "lab/lab.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <fstream>
#include <map>
#include <sstream>

#include "lab/network.h"
#include "lab/program.h"
#include "lab/recipe.h"

namespace hyalite {
namespace {

constexpr LabMode kModes[] = {LabMode::none, LabMode::tproxy, LabMode::routing, LabMode::hybrid,
                              LabMode::redirect};

TEST(Lab, ModesAndHostsAreFoundByTheirNames) {
  for (const LabMode mode : kModes) EXPECT_EQ(lab_mode_from(name_of(mode)), mode);
  for (const LabHost host : kLabHosts) EXPECT_EQ(lab_host_from(name_of(host)), host);
  EXPECT_FALSE(lab_mode_from("TPROXY"));
  EXPECT_FALSE(lab_host_from(""));
}

TEST(Lab, EachModeCarriesItsRecipeAsItStandsInConfig) {
  for (const LabMode mode : kModes) {
    if (mode == LabMode::none) continue;
    std::ifstream file(std::string(HYALITE_SOURCE_DIR "/config/recipes/") +
                       std::string(name_of(mode)) + ".sh");
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(recipe_text(mode), text.str());
    EXPECT_FALSE(text.str().empty());
  }
  EXPECT_TRUE(recipe_text(LabMode::none).empty());
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
  options.lan = "br0";
  options.ports = {80, 8000};
  std::map<std::string, std::string> all;
  for (const auto& [name, value] : lab_environment(options)) all[name] = value;
  EXPECT_EQ(all["HYALITE_LAB"], "tproxy");
  EXPECT_EQ(all["HYALITE_LAB_HOST"], "origin");
  EXPECT_EQ(all["HYALITE_LAB_OTHER_6"], "fd71:2::3");
  EXPECT_EQ(all["LAN"], "br0");
  EXPECT_EQ(all["PORTS"], "80 8000");
}

}  // namespace
}  // namespace hyalite
