// Tells what it can read of request and response when an exchange ends.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

#include <string>

struct Ends : hyalite::Plugin<Ends> {
  static constexpr hyalite::Info info{"ends", "1.0.0", "Tells how exchanges end", "MIT"};

  void on_exchange_end(hyalite::Exchange& exchange, const hyalite_exchange_summary&) {
    const hyalite::Request request = exchange.request();
    const hyalite::Response response = exchange.response();
    std::string line = "ended";
    for (const std::string_view part :
         {request.method(), request.target(), request.path(), request.query(), request.host_name()})
      line += " [" + std::string(part) + "]";
    line += " " + std::to_string(response.status()) + " [" + std::string(response.reason()) + "]";
    log(HYALITE_LOG_INFO, line);
  }
};
HYALITE_PLUGIN(Ends)
