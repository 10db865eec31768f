// What came through, read as HTTP: heads, contents without their framing, trailers.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
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

// What a header says beside how its message is framed and whether the connection goes on behind it: these are the host's, which
// decides them by what it knew of the body when the head left. Nothing: it says no more. `content`: so many bytes came as the body; the
// length of another one, as in answers to HEAD, frames nothing and counts.
std::optional<std::string> beside_framing(std::string_view name, std::string_view value, std::size_t content);

}  // namespace hyalite
