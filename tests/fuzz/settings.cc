// Fuzz target: settings. Whatever the text: settings, or mistakes with a place, and each mistake one line.
// SPDX-License-Identifier: MIT
#include "settings/reader.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  const SettingsRead read = read_settings(as_text(data, size), "fuzz.yaml");
  require(read.mistakes.size() <= kMaxMistakes + 1, "there are too many mistakes");
  for (const Mistake& mistake : read.mistakes) {
    require(!mistake.what.empty(), "a mistake without a word");
    require(mistake.text().find('\n') == std::string::npos, "a mistake of several lines", mistake.text());
    require(is_utf8(mistake.json()), "a mistake that is not UTF-8", mistake.json());
  }
  if (read) require(!read.settings.listeners.empty(), "settings without a mistake, and without a listener");
  return 0;
}
