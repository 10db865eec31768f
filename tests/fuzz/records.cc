// Fuzz target: lines of JSON, as the http-logger writes them. Whatever a client or server said: one line, valid JSON, the same key.
// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include "plugins/http-logger/json_line.h"
#include "tests/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  const std::string_view input = as_text(data, size);
  const std::size_t half = input.size() / 2;
  JsonLine line;
  line.text("whole", input);
  line.text_if("half", input.substr(0, half));
  line.number("size", input.size());
  line.open("part");
  line.text("half", input.substr(half));
  line.close();
  const std::string object = "{" + std::string(line.members()) + "}";
  require(object.find('\n') == std::string::npos, "a record of several lines", object);
  const auto json = nlohmann::json::parse(object, nullptr, false);
  require(json.is_object() && json.size() == (half > 0 ? 4 : 3) && json["size"] == input.size(), "no valid JSON", object);
  const std::string whole = json["whole"].get<std::string>();
  require(!is_utf8(input) || line.cut() || whole == input, "the text is another", object);
  require(json_string(input).size() >= 2, "no string");
  return 0;
}
