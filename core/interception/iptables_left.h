// Packet rules that `hyalite intercept plan --iptables` made, found where they are and taken away.
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace hyalite {

// From what `iptables-save` prints to what `iptables-restore --noflush` has to read for our chains,
// and what leads to them, to be gone. Empty: there is none of ours.
std::string iptables_removal(std::string_view saved);

// Does that, for both families. True: there was something. A machine without iptables has nothing.
Result<bool> remove_iptables_chains();

}  // namespace hyalite
