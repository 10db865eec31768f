// Cannot be created: { how: mistakes } tells why, { how: silently } does not, { how: throws }
// throws. SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <stdexcept>

struct CreateFails : hyalite::Plugin<CreateFails> {
  static constexpr hyalite::Info info{"create_fails", "1.0.0", "Cannot be created", "MIT"};
  static constexpr const char* settings_schema = R"({ "type": "object" })";
  hyalite_status configure(const hyalite::Settings& settings) {
    const auto how = settings["how"];
    if (how.text() == "throws") throw std::runtime_error("cannot");
    if (how.text() == "mistakes") {
      how.mistake("is not how it is done");
      for (const auto item : settings["list"]) item.mistake("is wrong, too");
    }
    return HYALITE_E_FAILED;
  }
};
HYALITE_PLUGIN(CreateFails)
