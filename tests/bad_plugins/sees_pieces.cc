// Looks for a word in each piece of a body by itself, and so misses one that the network cut in two.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

struct SeesPieces : hyalite::Plugin<SeesPieces> {
  static constexpr hyalite::Info info{"sees_pieces", "1.0.0", "Refuses a word, if it comes in one piece", "MIT"};

  void on_request_head(hyalite::Request& request) { request.want_request_body(hyalite::BodyWish::stream()); }
  hyalite::Verdict on_request_body(hyalite::Request& request, hyalite::Body& body) {
    bool found = false;
    body.for_each([&](std::string_view piece) { found |= piece.find("secret") != std::string_view::npos; });
    return found ? request.reset("the word") : hyalite::Verdict::go_on;
  }
};
HYALITE_PLUGIN(SeesPieces)
