// The page that a client gets instead of what was blocked.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

// For text in HTML and in quoted attributes.
std::string escape_html(std::string_view text);
// `host` is what the client asked for, `rule` what forbids it: neither is trusted.
std::string block_page(std::string_view host, std::string_view rule);
