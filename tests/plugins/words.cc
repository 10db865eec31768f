// Reads what is said over WebSockets, and does what the words in it ask for. Answers /stream with as many numbers as are asked for.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <cstdlib>
#include <memory>
#include <string>

struct Words : hyalite::Plugin<Words> {
  static constexpr hyalite::Info info{"words", "1.0.0", "Does what words ask for", "MIT"};

  hyalite::Verdict on_request_head(hyalite::Request& request) {
    request.want_messages(HYALITE_REQUEST, hyalite::MessageWish::messages());
    request.want_messages(HYALITE_RESPONSE, hyalite::MessageWish::tap());
    if (request.path() == "/stream") return stream(request);
    return hyalite::Verdict::go_on;
  }
  hyalite::Verdict on_ws_message(hyalite::Flow&, hyalite_direction direction, hyalite::WebSocketMessage& message) {
    if (direction == HYALITE_RESPONSE || !message.is_text()) return hyalite::Verdict::go_on;
    if (message.payload() == "secret") message.replace("******");
    if (message.payload() == "quiet") message.drop();
    if (message.payload() == "who is there") message.inject(HYALITE_RESPONSE, HYALITE_WS_TEXT, "a proxy");
    if (message.payload() == "forbidden") return message.close(1008, "a forbidden word");
    return hyalite::Verdict::go_on;
  }

 private:
  // "/stream?100000": lines of numbers, as fast as the client takes them.
  hyalite::Verdict stream(hyalite::Request& request) {
    const auto last = std::strtoul(std::string(request.query()).c_str(), nullptr, 10);
    auto at = std::make_shared<unsigned long>(0);
    return respond_stream(
        request, 200,
        [this, last, at](hyalite_ref channel, const hyalite_channel_event& event) {
          if (event.kind == HYALITE_CHANNEL_OVER) {
            log(HYALITE_LOG_INFO, "stream over", {{"status", std::to_string(event.status)}, {"at", std::to_string(*at)}});
            return;
          }
          while (*at < last && write(channel, std::to_string(*at) + '\n') == HYALITE_OK) ++*at;
          if (*at == last) write(channel, "", true);
        },
        {{"Content-Type", "text/plain"}});
  }
};
HYALITE_PLUGIN(Words)
