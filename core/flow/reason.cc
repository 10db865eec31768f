// Why a flow ended, and why one was not inspected.
// SPDX-License-Identifier: MIT
#include "flow/reason.h"

#include <array>

namespace hyalite {

namespace {

constexpr std::array<std::string_view, kCloseReasons> kCloseNames = {
    "finished",        "client_left",       "upstream_left",  "client_broke",   "upstream_broke",
    "request_refused", "response_refused",  "blocked",        "plugin_failed",  "protocol_refused",
    "undecided",       "direct_hit",        "loop",           "connect_refused", "connect_timed_out",
    "connect_failed",  "head_timed_out",    "body_too_slow",  "idle_timed_out", "tunnel_timed_out",
    "tls_upstream_failed", "tls_untrusted", "tls_client_failed", "tls_blocked", "tls_timed_out",
    "drained",         "limit_flows",       "limit_client_flows", "client_frames_refused", "upstream_frames_refused", "internal",
};

constexpr std::array<std::string_view, kUninspected> kUninspectedNames = {
    "tls", "http2", "upgrade", "server_first", "other", "bypass", "plugin",
};

}  // namespace

std::string_view name_of(CloseReason reason) { return kCloseNames[static_cast<std::size_t>(reason)]; }
std::string_view name_of(Uninspected why) { return kUninspectedNames[static_cast<std::size_t>(why)]; }

}  // namespace hyalite
