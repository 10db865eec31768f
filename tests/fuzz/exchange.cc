// Fuzz target: a client and a server talk through the real stages; whatever they say, the referee judges what passed.
// SPDX-License-Identifier: MIT
#include <algorithm>

#include "tests/fuzz/talk.h"

namespace hyalite {
namespace {

// What upstream got is what the client said, less an empty line before a request here and there.
void require_same_requests(const oracle::Reading& reading, std::string_view got, std::string_view said) {
  std::size_t at = 0;
  const auto take = [&](std::string_view bytes) {
    if (said.substr(at, 2) == "\r\n" && bytes.substr(0, 2) != "\r\n") at += 2;
    require(said.substr(at, bytes.size()) == bytes, "upstream got what the client did not say", got);
    at += bytes.size();
  };
  for (const auto& message : reading.messages) take(got.substr(message.begin, message.end - message.begin));
  if (reading.used < got.size()) take(got.substr(reading.used));
}

bool is_page_of_ours(std::string_view bytes) {
  return bytes.find("Cache-Control: no-store\r\nContent-Type: text/html; charset=utf-8\r\n") != std::string_view::npos &&
         bytes.find("Connection: close\r\n") != std::string_view::npos;
}

// What the client got is what upstream said, and perhaps a page of ours at the end.
void require_same_responses(std::string_view got, std::string_view said) {
  const auto [theirs, unused] = std::mismatch(got.begin(), got.end(), said.begin(), said.end());
  if (theirs == got.end()) return;
  const std::size_t same = static_cast<std::size_t>(theirs - got.begin());
  const std::size_t page = got.rfind("HTTP/1.1 ", same + 9);
  require(page != std::string_view::npos && page <= same && is_page_of_ours(got.substr(page)),
          "the client got what upstream did not say", got);
}

// Its first word, less control characters, is GET, and something stands behind it.
bool is_get_of_old(std::string_view line) {
  constexpr std::string_view kSpaces = " \t\v\f\r";
  const std::size_t end = std::min(line.find_first_of(kSpaces), line.size());
  std::string word;
  for (char c : line.substr(0, end)) {
    if (static_cast<unsigned char>(c) >= ' ' && c != '\x7f') word += c;
  }
  return word == "get" && line.find_first_not_of(kSpaces, end) != std::string_view::npos;
}

// "http/", but not as the end of a word: clients say "okhttp/4.9" in protocols of their own.
bool has_version(std::string_view line) {
  const auto is_of_a_word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (auto at = line.find("http/"); at != std::string_view::npos; at = line.find("http/", at + 1)) {
    if (at == 0 || !is_of_a_word(line[at - 1])) return true;
  }
  return false;
}

// What nobody could name has no version of HTTP in its first line, nor a GET, unless the server answered before that line was whole.
void judge_untouched(const std::string& upstream, const std::string& client) {
  const std::size_t begin = upstream.find_first_not_of(" \t\v\f\r\n");
  if (begin == std::string::npos || !client.empty()) return;
  const std::string line = to_lower(upstream.substr(begin, upstream.find('\n', begin) - begin));
  if (line.size() > 60'000) return;
  require(!has_version(line), "a request line passed unseen", upstream);
  require(!is_get_of_old(line), "a request of HTTP/0.9 passed unseen", upstream);
}

void judge(const Call& call, const Spoken& spoken) {
  const std::string& upstream = call.received(Side::upstream);
  const std::string& client = call.received(Side::client);
  if (call.now() == Call::Now::sniffed) return require(upstream.empty() && client.empty(), "something passed unknown");
  if (call.was_untouched()) return judge_untouched(upstream, client);
  const oracle::Reading asked = oracle::read_requests(upstream);
  require_clear(call, asked, asked);
  require_same_requests(asked, upstream, spoken.client);
  require_same_responses(client, spoken.upstream);
}

}  // namespace
}  // namespace hyalite

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static hyalite::Gateway& gateway = *new hyalite::Gateway;
  hyalite::Call call(gateway);
  const hyalite::Spoken spoken = hyalite::talk(hyalite::as_text(data, size), call);
  hyalite::judge(call, spoken);
  return 0;
}
