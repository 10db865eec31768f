// Where clients find the CA's certificate, and how to install it.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/http_endpoint.h"

namespace hyalite {

// What clients have to trust, in the forms that devices take; nothing in it is secret.
struct CaFiles {
  std::string subject, sha256, valid_until;
  std::string pem, der, mobileconfig;
};

// The answer for /ca.pem, /ca.cer and /ca.mobileconfig, and for `page_path`, which is the page
// about them; nothing for other paths. The links on the page start at the root of the same server.
std::optional<EndpointAnswer> ca_answer(const CaFiles& files, std::string_view path,
                                        std::string_view page_path);

// What a server answers that has nothing but that, for clients: GET and HEAD, whatever its name.
EndpointAnswer answer_client(const CaFiles* files, const EndpointRequest& request);

}  // namespace hyalite
