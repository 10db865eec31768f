// The referee as a program: a question a line on standard input, an answer a line on standard output.
// SPDX-License-Identifier: MIT
//
//   requests HEX                       -> STATE COUNT WHY
//   responses ENDED METHOD,... HEX     -> STATE COUNT WHY; ENDED is 0 or 1, a METHOD may have `/1.0` or `/upgrade` behind it
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>

#include "tests/support/oracle.h"

namespace {

std::string from_hex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) bytes += static_cast<char>(std::strtoul(hex.substr(i, 2).c_str(), nullptr, 16));
  return bytes;
}

std::vector<oracle::Question> questions_of(const std::string& list) {
  std::vector<oracle::Question> questions;
  std::stringstream in(list);
  for (std::string word; std::getline(in, word, ',');) {
    oracle::Question question;
    const std::size_t slash = word.find('/');
    question.method = word.substr(0, slash);
    if (slash != std::string::npos) {
      question.http_1_0 = word.substr(slash) == "/1.0";
      question.offers_upgrade = word.substr(slash) == "/upgrade";
    }
    questions.push_back(question);
  }
  return questions;
}

void answer(const oracle::Reading& reading) {
  constexpr const char* kStates[] = {"whole", "cut_short", "malformed", "tunnel"};
  std::cout << kStates[static_cast<std::size_t>(reading.state)] << ' ' << reading.messages.size() << ' ' << reading.why << std::endl;
}

}  // namespace

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    std::stringstream in(line);
    std::string what, ended, methods, hex;
    in >> what;
    if (what == "requests") {
      in >> hex;
      answer(oracle::read_requests(from_hex(hex)));
    } else {
      in >> ended >> methods >> hex;
      answer(oracle::read_responses(from_hex(hex), questions_of(methods), ended == "1"));
    }
  }
  return 0;
}
