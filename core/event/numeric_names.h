// Addresses in numbers without a question to the kernel: this program's own getnameinfo(3).
// SPDX-License-Identifier: MIT
#pragma once

namespace hyalite {

// evhttp asks getnameinfo(3) for the numbers of each client, and ends the process when there is no answer. For a link-local
// address the C library looks up the interface's name: by a socket of its own, which a confined process may not have
// (process/confinement.h). So this program defines getnameinfo() itself, and libevent finds ours before the C library's.
// Asked for numbers alone (NI_NUMERICHOST with NI_NUMERICSERV, an address of IPv4 or IPv6), it writes the interface as a
// number, too ("fe80::1%2", RFC 4007 section 11.2); all else is the C library's to answer.
//
// Does nothing. It is called so that the linker takes this object out of its library: nothing else of ours names what is in
// it, and getnameinfo itself it would be content to find in the C library.
void use_numeric_names();

}  // namespace hyalite
