// Does authentication hold for the connection, and not for one message? Then nobody else may speak on that connection.
// SPDX-License-Identifier: MIT
#pragma once

#include "http/message.h"

namespace hyalite {

// Does it carry, or offer, a scheme that binds a connection to a user: NTLM, Negotiate (RFC 4559), or any that is not known to
// stand in each message for itself? RFC 9110, section 11; what cannot be read counts as such a scheme.
bool binds_connection(const RequestHead& head);   // Authorization, Proxy-Authorization
bool binds_connection(const ResponseHead& head);  // WWW-Authenticate, Proxy-Authenticate

}  // namespace hyalite
