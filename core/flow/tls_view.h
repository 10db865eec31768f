// What plugins see of a flow's TLS.
// SPDX-License-Identifier: MIT
#pragma once

#include "flow/stage.h"
#include "plugin/subject.h"
#include "tls/facts.h"

namespace hyalite {

// Shows the facts, copied into the subject's arena; with `certificate` the DER, too.
void show_tls(Side side, const TlsFacts& facts, bool certificate, FlowSubject& flow);

}  // namespace hyalite
