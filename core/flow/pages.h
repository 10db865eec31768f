// The pages we answer with in our own name.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "plugin/decision.h"

namespace hyalite {

// A small HTML page: what happened, in a heading and a sentence, both escaped here. `reference` lets the operator find
// it in the log; may be empty. The connection closes behind it.
std::string error_page(int status, std::string_view sentence, std::string_view reference, bool to_head);

// A plugin's answer, framed. `keeps_alive`: further requests may follow on the connection.
std::string plugin_page(const Respond& respond, bool to_head, bool keeps_alive);

// The head of one whose body follows: in chunks, or to the end of the connection.
std::string head_of_stream(const Respond& respond, bool in_chunks);

}  // namespace hyalite
