// Reads every byte of every body and changes nothing: what looking costs, in each of the ways to look.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <cstdint>
#include <cstring>

struct Reader : hyalite::Plugin<Reader> {
  static constexpr hyalite::Info info{"reader", "1.0.0", "Reads every byte of every body", "MIT"};
  static constexpr const char* settings_schema =
      R"({"type": "object", "additionalProperties": false, "properties": {"mode": {"enum": ["tap", "stream", "full"]}}})";

  void configure(const hyalite::Settings& settings) {
    const std::string_view mode = settings["mode"].text("tap");
    wish_ = mode == "stream" ? hyalite::BodyWish::stream()
            : mode == "full" ? hyalite::BodyWish::full()
                             : hyalite::BodyWish::tap();
  }
  void on_request_head(hyalite::Request& request) {
    request.want_request_body(wish_);
    request.want_response_body(wish_);
  }
  void on_request_body(hyalite::Request&, hyalite::Body& body) { read(body); }
  void on_response_body(hyalite::Response&, hyalite::Body& body) { read(body); }
  void stop() { total_ = sum_; }

 private:
  // Eight bytes at once, as whoever searches or hashes reads them.
  void read(const hyalite::Body& body) {
    body.for_each([&](std::string_view piece) {
      std::uint64_t sum = 0, word = 0;
      for (; piece.size() >= sizeof word; piece.remove_prefix(sizeof word)) {
        std::memcpy(&word, piece.data(), sizeof word);
        sum += word;
      }
      for (const char c : piece) sum += static_cast<unsigned char>(c);
      sum_ += sum;
    });
  }

  hyalite::BodyWish wish_;
  std::uint64_t sum_ = 0;
  volatile std::uint64_t total_ = 0;  // so that the reading is not optimised away
};
HYALITE_PLUGIN(Reader)
