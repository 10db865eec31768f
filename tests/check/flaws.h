// What the sources of the flawed plugin share. SPDX-License-Identifier: MIT
#pragma once

#include <hyalite/plugin.h>

#include <cstring>
#include <optional>
#include <string_view>

// Is it the one that HYALITE_FLAW names?
bool has_flaw(std::string_view name);

inline hyalite_bytes text(const char* literal) { return {literal, std::strlen(literal)}; }
inline std::string_view view(hyalite_bytes bytes) { return {bytes.data, bytes.size}; }

// ---- TLS, WebSockets, answers in a stream (flawed_hooks.cc)
void take_more_tables(const hyalite_host* host);
// Nothing: it has no flaw there.
std::optional<hyalite_verdict> more_of_request_head(hyalite_exchange* exchange);
// NULL: it has no hooks of that id.
const void* more_hooks(std::string_view id);
