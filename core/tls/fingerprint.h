// Fingerprints of TLS clients, made from their ClientHello.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "sniff/client_hello.h"

namespace hyalite {

// JA3: MD5 in hexadecimal over the numbers of a ClientHello in their order (https://github.com/salesforce/ja3).
std::string ja3(const ClientHello& hello);
// JA4: "t13d1516h2_8daaf6152771_e5627efa2ab1", for TLS over TCP (https://github.com/FoxIO-LLC/ja4).
std::string ja4(const ClientHello& hello);

}  // namespace hyalite
