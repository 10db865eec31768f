// Conversations as scripts, played whole or cut in every way the network might cut them.
// SPDX-License-Identifier: MIT
#include "harness/playing.h"

#include <algorithm>
#include <random>

#include "base/text.h"

namespace hyalite {

namespace {

constexpr std::size_t kMostCuts = 2'048;
constexpr int kRandomWays = 16;

// Says a text as it is cut.
class Speaker {
 public:
  Speaker(Talk& talk, const Cut& cut) : talk_(talk), cut_(cut), random_(cut.seed) {}

  void say(Side side, std::string_view text) {
    while (!text.empty()) {
      const std::size_t n = std::min(piece(text.size()), text.size());
      talk_.say(side, text.substr(0, n));
      text.remove_prefix(n);
      first_ = false;
    }
    first_ = true;
  }

 private:
  std::size_t piece(std::size_t left) {
    switch (cut_.how) {
      case Cut::How::whole: return left;
      case Cut::How::in_two: return first_ && cut_.at > 0 ? cut_.at : left;
      case Cut::How::byte_by_byte: return 1;
      case Cut::How::at_random: break;
    }
    return 1 + random_() % std::min<std::size_t>(left, 64);
  }

  Talk& talk_;
  const Cut cut_;
  std::minstd_rand random_;
  bool first_ = true;
};

void act(Bench& bench, Talk& talk, Speaker& speaker, const Step& step) {
  switch (step.what) {
    case Step::What::say: return speaker.say(step.side, step.bytes);
    case Step::What::end: return void(talk.end(step.side));
    case Step::What::break_off: return void(talk.break_off(step.side));
    case Step::What::time_passes: return bench.advance(step.time);
    case Step::What::let_connect: return talk.let_connect();
  }
}

void finish(Talk& talk) {
  talk.end(Side::client);
  talk.end(Side::upstream);
  talk.cut_off();
}

std::string pairs(const std::vector<std::pair<std::string, std::string>>& all) {
  std::string text;
  for (const auto& [name, value] : all) text += " " + printable(name, 1'000) + "=" + printable(value, 4'000);
  return text;
}

std::vector<std::pair<std::string, std::string>> without_framing(const HeardMessage& message) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& [name, value] : message.headers) {
    if (auto said = beside_framing(name, value, message.content.size())) all.emplace_back(name, std::move(*said));
  }
  return all;
}

std::string line_of(const HeardMessage& message) {
  return (message.status != 0 ? std::to_string(message.status) : message.method + " " + printable(message.target, 4'000)) + " |" +
         pairs(without_framing(message)) + " | " + printable(message.content, 100'000) + " |" + pairs(message.trailers) + "\n";
}

std::string lines_of(const char* to, const HeardMessages& heard) {
  std::string text;
  for (const HeardMessage& message : heard.whole) text += std::string(to) + ": " + line_of(message);
  if (heard.begun) text += std::string(to) + ": the beginning of a message\n";
  if (!heard.behind.empty()) text += std::string(to) + ", behind that: " + printable(heard.behind, 100'000) + "\n";
  return text;
}

std::string line_of(const EndedExchange& exchange) {
  return "exchange: " + exchange.method + " " + printable(exchange.target, 4'000) + " status=" + std::to_string(exchange.status) +
         " end=" + std::to_string(exchange.end) + " reason=" + exchange.reason + " decided_by=" + exchange.decided_by + " (" +
         printable(exchange.decision_reason, 1'000) + ") notes:" + pairs(exchange.notes) + " findings:" + pairs(exchange.findings) + "\n";
}

std::vector<Cut> ways(const Script& script, std::uint64_t seed) {
  std::size_t longest = 0;
  for (const Step& step : script) longest = std::max(longest, step.bytes.size());
  std::vector<Cut> all;
  const std::size_t stride = std::max<std::size_t>(1, longest / kMostCuts);
  for (std::size_t at = 1; at < longest; at += stride) all.push_back({Cut::How::in_two, at, 0});
  all.push_back({Cut::How::byte_by_byte, 0, 0});
  for (int i = 0; i < kRandomWays; ++i) all.push_back({Cut::How::at_random, 0, seed + static_cast<std::uint64_t>(i)});
  return all;
}

// The first line that is not the same.
std::string difference(std::string_view whole, std::string_view cut, const Cut& how) {
  while (!whole.empty() || !cut.empty()) {
    const std::string_view left = whole.substr(0, whole.find('\n')), right = cut.substr(0, cut.find('\n'));
    if (left != right) {
      return how.text() + ":\n  whole: " + std::string(left) + "\n  cut:   " + std::string(right) + "\n";
    }
    whole.remove_prefix(std::min(left.size() + 1, whole.size()));
    cut.remove_prefix(std::min(right.size() + 1, cut.size()));
  }
  return {};
}

}  // namespace

std::string Cut::text() const {
  switch (how) {
    case How::whole: return "whole";
    case How::in_two: return "cut after " + std::to_string(at) + " bytes";
    case How::byte_by_byte: return "byte by byte";
    case How::at_random: break;
  }
  return "cut at random, seed " + std::to_string(seed);
}

std::unique_ptr<Talk> play(Bench& bench, const TalkOptions& options, const Script& script, const Cut& cut) {
  auto talk = std::make_unique<Talk>(bench.worker(), options);
  Speaker speaker(*talk, cut);
  for (const Step& step : script) act(bench, *talk, speaker, step);
  return talk;
}

std::string outcome_of(const Bench& bench, const Talk& talk) {
  std::string text = lines_of("to upstream", talk.messages(Side::upstream)) + lines_of("to the client", talk.messages(Side::client));
  text += "connections: " + std::to_string(talk.connections());
  if (talk.connected_to()) text += " to " + talk.connected_to()->text();
  if (talk.closed()) {
    const auto how = [](Ending ending) { return ending == Ending::reset ? " reset" : " in order"; };
    text += "; closed: " + std::string(name_of(comparable_reason(*talk.closed()))) + how(talk.closed()->client) + how(talk.closed()->upstream);
  }
  text += "\n";
  for (const EndedExchange& exchange : bench.ended()) {
    if (exchange.flow == talk.flow()) text += line_of(exchange);
  }
  return text;
}

EveryWay play_in_every_way(Bench& bench, const TalkOptions& options, const Script& script, std::uint64_t seed) {
  EveryWay every;
  every.whole = play(bench, options, script);
  finish(*every.whole);
  const std::string right = outcome_of(bench, *every.whole);
  for (const Cut& cut : ways(script, seed)) {
    const auto talk = play(bench, options, script, cut);
    finish(*talk);
    ++every.ways;
    const std::string other = outcome_of(bench, *talk);
    if (other == right) continue;
    every.difference = difference(right, other, cut);
    return every;
  }
  return every;
}

}  // namespace hyalite
