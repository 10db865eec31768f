// The referee of the tests: a strict HTTP/1 parser of its own, from the text of RFC 9110 and 9112.
// SPDX-License-Identifier: MIT
//
// It shares no line with core, and includes nothing of it: what both believe was thought twice. It reads a whole stream at
// once, slowly and plainly. Where the RFC leaves a recipient the choice between repairing and refusing, the message is
// malformed here: another recipient may have chosen otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oracle {

// What the reader of a response must know of its request.
struct Question {
  std::string method = "GET";
  bool http_1_0 = false;
  bool offers_upgrade = false;
};

struct Line {
  std::string name, value;  // value without white space around
};

struct Message {
  std::size_t begin = 0, end = 0;  // in the stream; end is behind the last byte
  std::string method, target;      // of a request
  int status = 0;                  // of a response
  std::vector<int> interim;        // 1xx before it, which lie in begin..end too
  bool http_1_0 = false;
  std::vector<Line> fields, trailers;
  bool chunked = false;
  std::optional<std::uint64_t> length;  // told by Content-Length
  std::string content;
  bool offers_upgrade = false;  // a request with Upgrade, named in Connection
  bool until_close = false;     // a response that lasts until the connection ends
  bool tunnel = false;          // 101, or 2xx to CONNECT: behind it is another protocol
};

enum class State {
  whole,      // complete messages, nothing left over (but perhaps interim responses, whose final one has not begun)
  cut_short,  // complete messages, then the beginning of one
  malformed,  // complete messages, then something that is none, or could be read in two ways
  tunnel,     // the last message opened a tunnel; what is behind it belongs to another protocol
};

struct Reading {
  std::vector<Message> messages;  // the complete ones
  std::optional<Message> begun;   // the last one, when its head is whole and fine and its body is not there yet
  State state = State::whole;
  std::size_t used = 0;  // bytes of the complete messages
  std::string why;       // when malformed

  bool is_exactly(std::size_t n) const { return state == State::whole && messages.size() == n; }
};

Reading read_requests(std::string_view stream);
// `ended`: the stream ended in order, which completes a response that lasts until then. A response beyond the last question
// is malformed.
Reading read_responses(std::string_view stream, const std::vector<Question>& questions, bool ended);

Question question_of(const Message& request);

}  // namespace oracle
