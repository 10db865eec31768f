// Reads the corpus: cases as text, one file per family (the format is in README.md).
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace corpus {

enum class Tested { request, response };

// What must become of the bytes, after `complete` whole messages passed unchanged.
struct Verdict {
  enum class Kind {
    pass,      // that is all
    refused,   // the next message reaches nobody, not one byte of it; its sender, or who waits for it, is told `status`
    cut,       // the next message turns bad on its way: what was sent of it is a beginning, and its reader sees a reset
    broken,    // the sender ended or said nothing more within a message: what was sent of it is a beginning, then a reset
    tunnel,    // the last message opened a tunnel
    answered,  // policy: the next message reaches nobody, and the client is told `status`
    not_http,  // what was sent is not taken for HTTP at all, and passes
    late,      // it is not taken for HTTP at first; the connection is reset before its first line is whole
  };
  Kind kind = Kind::pass;
  std::size_t complete = 0;
  std::string refusal;  // its id
  int status = 0;       // 0: nobody is told, the connection is closed
};

struct Case {
  std::string file, section, name, source;
  int line = 0;
  Tested tested = Tested::request;
  std::string bytes;                 // what is under test
  std::vector<std::string> asked;    // of a response: the requests, in their order
  std::vector<std::string> answers;  // of a request: what upstream says to each; beyond them a plain 200
  bool early = false;                // upstream answers when it has the first head, not the whole message
  bool ends = false;                 // behind the bytes their sender ends its side
  std::size_t skipped = 0;           // bytes at the front that belong to no message and are not passed on
  std::vector<std::string> edits;    // what a plugin asks for
  std::string becomes;               // with edits: what passes instead
  Verdict verdict;
  std::string perhaps;               // id of a refusal that may be counted, too: it depends on how the bytes arrive
  std::string stricter;              // not empty: the RFC would let it pass, and why we do not
  bool unusual = false;              // valid, and rarely seen
  bool variant = false;              // one of a family that was written once
};

// All cases of all *.cases in the directory, in the order of the files' names. Ends the program with a line number when one cannot be
// read: a corpus that is read halfway proves nothing.
std::vector<Case> read_corpus(const std::string& directory);
std::vector<Case> read_cases(std::string_view text, const std::string& file);

}  // namespace corpus
