// The last look at a head that was edited, at the bytes that are about to be sent.
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "http/framing.h"
#include "http/message.h"
#include "http/reader.h"
#include "http/refusal.h"

namespace hyalite {

// Would the other side read `written`, which is write(edited), as we mean it, and then a body that is framed as `meant`? Every line
// that is sent as it came must stand there as it came, since it was read then; every other line is read anew, and must say what
// the edit said. What frames is checked as in a head that comes, and shown to llhttp, unless it is what came.
std::optional<Refusal> recheck_request(Bytes written, const RequestHead& edited, const Framing& meant, const HeadLimits& limits);
std::optional<Refusal> recheck_response(Bytes written, const ResponseHead& edited, const Asked& asked, const Framing& meant,
                                        const HeadLimits& limits);

}  // namespace hyalite
