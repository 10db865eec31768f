// Fuzz target: a client and a server talk through the real stages; whatever they say, the referee judges what passed.
// SPDX-License-Identifier: MIT
//
// The input is cut at each byte 0xfe; the byte behind it says what happens: C client says what follows, U upstream does,
// c client ends its side, u upstream ends its side, t the time is up, x the client's connection breaks. Others are as C.
#include <algorithm>
#include <vector>

#include "tests/fuzz/fuzzing.h"
#include "tests/support/gateway.h"
#include "tests/support/oracle.h"

namespace hyalite {
namespace {

constexpr char kCut = '\xfe';

struct Spoken {
  std::string client, upstream;  // what each said, altogether
};

void step(std::string_view piece, Call& call, Spoken& spoken) {
  const char what = static_cast<char>(take_byte(piece));
  if (what == 'U') {
    if (!piece.empty() && call.say(Side::upstream, piece)) spoken.upstream += piece;
    return;
  }
  if (what == 'c' || what == 'u') call.end(what == 'c' ? Side::client : Side::upstream);
  if (what == 't') call.deadline();
  if (!piece.empty() && call.say(Side::client, piece)) spoken.client += piece;
}

Spoken talk(std::string_view input, Call& call) {
  Spoken spoken;
  while (!input.empty()) {
    const std::size_t cut = std::min(input.find(kCut, 1), input.size());
    std::string_view piece = input.substr(0, cut);
    input.remove_prefix(cut);
    if (piece[0] == kCut) piece.remove_prefix(1);
    step(piece, call, spoken);
  }
  return spoken;
}

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

oracle::Reading read_answers(std::string_view got, const oracle::Reading& asked, bool ended) {
  std::vector<oracle::Question> questions;
  for (const auto& message : asked.messages) questions.push_back(question_of(message));
  if (asked.begun) questions.push_back(question_of(*asked.begun));
  // The last answer may be a page of ours to a request that nobody else saw; one to HEAD has no body.
  oracle::Reading best;
  for (const char* method : {"GET", "HEAD"}) {
    questions.push_back({method, false, false});
    best = oracle::read_responses(got, questions, ended);
    questions.pop_back();
    if (best.state == oracle::State::whole || best.state == oracle::State::tunnel) break;
  }
  return best;
}

// What nobody could name has no version of HTTP in its first line, unless the server answered before that line was whole.
void judge_untouched(const std::string& upstream, const std::string& client) {
  const std::size_t begin = upstream.find_first_not_of(" \t\r\n");
  if (begin == std::string::npos || !client.empty()) return;
  const std::string line = to_lower(upstream.substr(begin, upstream.find('\n', begin) - begin));
  require(line.size() > 60'000 || line.find("http/") == std::string::npos, "a request line passed unseen", upstream);
}

void judge(const Call& call, const Spoken& spoken) {
  const std::string& upstream = call.received(Side::upstream);
  const std::string& client = call.received(Side::client);
  if (call.now() == Call::Now::sniffed) return require(upstream.empty() && client.empty(), "something passed unknown");
  const Close* closed = call.closed();
  if (call.was_untouched()) return judge_untouched(upstream, client);
  const oracle::Reading asked = oracle::read_requests(upstream);
  require(asked.state != oracle::State::malformed, "upstream could misread it, " + asked.why, upstream);
  require(closed == nullptr || closed->upstream == Ending::reset || asked.state == oracle::State::whole,
          "upstream may take the beginning of a request for a whole one", upstream);
  require_same_requests(asked, upstream, spoken.client);

  const bool ended = closed != nullptr && closed->client == Ending::in_order;
  const oracle::Reading answers = read_answers(client, asked, ended);
  require(answers.state != oracle::State::malformed, "the client could misread it, " + answers.why, client);
  require(!ended || answers.state != oracle::State::cut_short, "the client may take the beginning of a response for a whole one",
          client);
  require((call.now() == Call::Now::tunnelled) == (answers.state == oracle::State::tunnel),
          "the client and we are not of one mind about the tunnel", client);
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
