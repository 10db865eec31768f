// Answers of a plugin's own.
// SPDX-License-Identifier: MIT
#pragma once

#include "plugin/host_objects.h"

namespace hyalite {

// Why an edit was refused, in the ABI's words.
hyalite_status status_of(const Edited& refused);
// In hyalite_host_http.
hyalite_status respond(hyalite_exchange* object, const hyalite_response* response);

// In hyalite_host_channel.
hyalite_status respond_stream(hyalite_exchange* object, const hyalite_response* response, hyalite_channel_told told, void* user,
                              hyalite_ref* out);

}  // namespace hyalite
