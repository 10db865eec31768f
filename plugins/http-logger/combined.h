// The Combined format, which tools for web servers read (Apache HTTP Server, mod_log_config).
// SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.hpp>

#include <string>

struct RecordRules;

// What of the line is known when the request's head is there.
std::string combined_asked(const hyalite_request_line& asked, const hyalite::Message& request,
                           const RecordRules& rules);
// The line with its end; without a request its parts are "-".
std::string combined_line(const hyalite::Exchange& exchange,
                          const hyalite_exchange_summary& summary, const std::string& asked,
                          const RecordRules& rules);
