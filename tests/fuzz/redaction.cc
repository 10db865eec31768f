// Fuzz target: what the http-logger leaves out of its records. The same text comes out whatever the secret was.
// SPDX-License-Identifier: MIT
//
// The first byte says where the secret stands; then, parted by 0xfe: what stands before it, the secret, another secret, what stands
// behind it.
#include <algorithm>
#include <string>

#include "plugins/http-logger/redact.h"
#include "tests/fuzz/fuzzing.h"

namespace hyalite {
namespace {

const Redaction kUsual{false, Redaction::usual_query(), Redaction::usual_headers()};
constexpr std::string_view kNames[] = {"Authorization", "proxy-authorization", "Cookie",  "Set-Cookie", "Referer",
                                       "Location",      "X-API-Key",           "Accept", "set-cookie2"};

std::string_view take_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\xfe'), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

// Less the bytes that end it, and never nothing: it is one secret, and it is there.
std::string as_secret(std::string_view text, std::string_view ends_at) {
  std::string out;
  for (char c : text) {
    if (ends_at.find(c) == std::string_view::npos) out += c;
  }
  return out.empty() ? "s" : out;
}

struct Parts {
  std::string_view before, secret, other, behind;

  template <class Show>
  void require_same(std::string_view ends_at, Show show) const {
    const std::string a = show(as_secret(secret, ends_at)), b = show(as_secret(other, ends_at));
    require(a == b, "it matters what the secret is", a + "' and '" + b);
  }
};

void try_header(std::string_view name, std::string_view value) {
  const std::string once = redacted_header(name, value, kUsual);
  require(redacted_header(name, once, kUsual) == once, "redacted twice it is another text", once);
  require(redacted_header(name, value, Redaction{true, kUsual.query, kUsual.headers}) == value, "it was off, and did something", value);
}

void try_url(std::string_view url) {
  const std::string once = redacted_url(url, kUsual);
  require(redacted_url(once, kUsual) == once, "redacted twice it is another URL", once);
}

void try_secret(unsigned where, const Parts& parts) {
  const std::string before(parts.before), behind(parts.behind);
  switch (where) {
    case 0:
      return parts.require_same("", [&](const std::string& s) { return redacted_header("Authorization", "Basic " + s, kUsual); });
    case 1:
      return parts.require_same("", [&](const std::string& s) { return redacted_header("X-Api-Key", s, kUsual); });
    case 2:
      return parts.require_same(";\"", [&](const std::string& s) { return redacted_header("Cookie", before + "; id=" + s + "; " + behind, kUsual); });
    case 3:
      return parts.require_same(";\"", [&](const std::string& s) { return redacted_header("Set-Cookie", "id=" + s + "; " + behind, kUsual); });
    case 4:
      return parts.require_same("&#", [&](const std::string& s) { return redacted_url(before + "?token=" + s + "&" + behind, kUsual); });
    case 5:
      return parts.require_same("&#", [&](const std::string& s) { return redacted_url("/a#" + before + "&pass%77ord=" + s, kUsual); });
    case 6:
      return parts.require_same("/?#", [&](const std::string& s) { return redacted_url("http://" + s + "@a.example/" + behind, kUsual); });
    default:
      return parts.require_same("/?#", [&](const std::string& s) { return redacted_header("Location", "//u:" + s + "@a.example", kUsual); });
  }
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace hyalite;
  std::string_view input = as_text(data, size);
  const unsigned choice = take_byte(input);
  try_header(kNames[choice % std::size(kNames)], input);
  try_url(input);
  Parts parts;
  for (std::string_view* part : {&parts.before, &parts.secret, &parts.other, &parts.behind}) *part = take_part(input);
  try_secret(choice % 8, parts);
  return 0;
}
