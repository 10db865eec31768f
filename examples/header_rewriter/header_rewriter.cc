// Rewrites headers: what the origin need not know, and what clients need not know.
// SPDX-License-Identifier: MIT
#include <hyalite/plugin.hpp>

struct Rewriter : hyalite::Plugin<Rewriter> {
  static constexpr hyalite::Info info{"example.header-rewriter", "1.0.0", "Rewrites headers", "MIT"};
  struct ExchangeState {
    bool internal = false;
  };

  void on_request_head(hyalite::Request& request, ExchangeState& state) {
    const std::string_view host = request.host_name();
    state.internal = host.size() > 5 && request.same_name(host.substr(host.size() - 5), ".corp");
    request.remove("X-Debug");
    request.set("X-Tenant", state.internal ? "corp" : "public");
  }

  void on_response_head(hyalite::Response& response, ExchangeState& state) {
    if (!state.internal) response.remove(hyalite::HeaderName{HYALITE_HEADER_SERVER});
  }
};
HYALITE_PLUGIN(Rewriter)
