// What came through, read as HTTP: heads, contents without their framing, trailers.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hyalite {

struct HeardMessage {
  std::string method, target;  // of a request
  unsigned status = 0;         // of a response; interim ones (1xx) stand in the list like others
  std::vector<std::pair<std::string, std::string>> headers, trailers;
  std::string content;

  bool operator==(const HeardMessage&) const = default;
};

struct HeardMessages {
  std::vector<HeardMessage> whole;
  bool begun = false;     // a message follows whose end did not come
  std::string behind;     // what is behind a tunnel, or is no HTTP
};

// `stream`: all that was sent on one connection.
HeardMessages read_requests(std::string_view stream);
// `asked`: what the client sent, which the responses answer. `ended`: the connection was closed in order.
HeardMessages read_responses(std::string_view stream, std::string_view asked, bool ended);

}  // namespace hyalite
