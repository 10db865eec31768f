// What may stand at the end of an unfinished command line: for the shells' completion (config/completion).
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace hyalite {

struct Candidate {
  std::string word, description;  // the description in one line; may be empty
};

// `words` are the arguments so far; the last one, perhaps empty, is the one to be completed. Nothing where a file's name or
// anything else is expected that only the shell or the user knows.
std::vector<Candidate> completions(const CLI::App& app, const std::vector<std::string>& words);

}  // namespace hyalite
