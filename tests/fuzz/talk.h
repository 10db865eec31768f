// How a fuzzed conversation is written, and what is true of every one.
// SPDX-License-Identifier: MIT
//
// The input is cut at each byte 0xfe; the byte behind it says what happens: C client says what follows, U upstream does,
// c client ends its side, u upstream ends its side, t the time is up, w a pause's time is up. Others are as C.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/fuzzing.h"
#include "tests/support/gateway.h"
#include "tests/support/oracle.h"

namespace hyalite {

struct Spoken {
  std::string client, upstream;  // what each said, altogether
};

inline void step(std::string_view piece, Call& call, Spoken& spoken) {
  const char what = static_cast<char>(take_byte(piece));
  if (what == 'U') {
    if (!piece.empty() && call.say(Side::upstream, piece)) spoken.upstream += piece;
    return;
  }
  if (what == 'c' || what == 'u') call.end(what == 'c' ? Side::client : Side::upstream);
  if (what == 't') call.deadline();
  if (what == 'w') call.wait(std::chrono::hours{1});
  if (!piece.empty() && call.say(Side::client, piece)) spoken.client += piece;
}

// `between` is called after each thing that happens.
template <class Between>
Spoken talk(std::string_view input, Call& call, Between between) {
  constexpr char kCut = '\xfe';
  Spoken spoken;
  while (!input.empty()) {
    const std::size_t cut = std::min(input.find(kCut, 1), input.size());
    std::string_view piece = input.substr(0, cut);
    input.remove_prefix(cut);
    if (piece[0] == kCut) piece.remove_prefix(1);
    step(piece, call, spoken);
    between();
  }
  return spoken;
}
inline Spoken talk(std::string_view input, Call& call) {
  return talk(input, call, [] {});
}

// What the client got, as the answers to `asked`. The last may be a page of ours to a request that nobody saw whole; one to HEAD
// has no body.
inline oracle::Reading read_answers(std::string_view got, const oracle::Reading& asked, bool ended) {
  std::vector<oracle::Question> questions;
  for (const auto& message : asked.messages) questions.push_back(question_of(message));
  if (asked.begun) questions.push_back(question_of(*asked.begun));
  const auto with = [&](const char* method) {
    std::vector<oracle::Question> all = questions;
    all.push_back({method, false, false});
    return oracle::read_responses(got, all, ended);
  };
  const oracle::Reading answers = with("GET");
  if (answers.state == oracle::State::whole || answers.state == oracle::State::tunnel) return answers;
  const oracle::Reading bodiless = with("HEAD");
  return bodiless.state == oracle::State::malformed ? answers : bodiless;
}

// Nobody can misread what he got, and nobody takes a part for the whole. `asked`: the requests that the client has answers to.
inline void require_clear(const Call& call, const oracle::Reading& sent, const oracle::Reading& asked) {
  const std::string& upstream = call.received(Side::upstream);
  const std::string& client = call.received(Side::client);
  const Close* closed = call.closed();
  require(sent.state != oracle::State::malformed, "upstream could misread it, " + sent.why, upstream);
  require(closed == nullptr || closed->upstream == Ending::reset || sent.state == oracle::State::whole,
          "upstream may take the beginning of a request for a whole one", upstream);

  const bool ended = closed != nullptr && closed->client != Ending::reset;
  const oracle::Reading answers = read_answers(client, asked, ended);
  require(answers.state != oracle::State::malformed, "the client could misread it, " + answers.why, client);
  require(!ended || answers.state != oracle::State::cut_short, "the client may take the beginning of a response for a whole one",
          client);
  // A plugin may end a tunnel in the moment in which it opens.
  const bool cut_off = closed != nullptr && closed->client == Ending::reset;
  require(cut_off || (call.now() == Call::Now::tunnelled) == (answers.state == oracle::State::tunnel),
          "the client and we are not of one mind about the tunnel", client);
}

}  // namespace hyalite
