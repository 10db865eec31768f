// Reads every byte of every body and changes nothing: what looking costs.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

struct Reader : hyalite::Plugin<Reader> {
  static constexpr hyalite::Info info{"reader", "1.0.0", "Reads every byte of every body", "MIT"};

  void on_request_head(hyalite::Request& request) {
    request.want_request_body(hyalite::BodyWish::tap());
    request.want_response_body(hyalite::BodyWish::tap());
  }
  void on_request_body(hyalite::Request&, hyalite::Body& body) { read(body); }
  void on_response_body(hyalite::Response&, hyalite::Body& body) { read(body); }

 private:
  void read(const hyalite::Body& body) {
    body.for_each([&](std::string_view piece) {
      for (const char c : piece) sum_ += static_cast<unsigned char>(c);
    });
  }
  // Volatile, so that the reading is not optimised away.
  volatile unsigned long total_ = 0;
  unsigned long sum_ = 0;

 public:
  void stop() { total_ = sum_; }
};
HYALITE_PLUGIN(Reader)
