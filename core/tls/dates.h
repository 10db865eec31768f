// Dates in certificates, and until when a leaf may be valid.
// SPDX-License-Identifier: MIT
#pragma once

#include <openssl/asn1.h>

#include <optional>

#include "base/clock.h"

namespace hyalite {

// Nothing when it is no date of RFC 5280.
std::optional<WallTime> wall_time_of(const ASN1_TIME* time);
// Whole seconds; UTCTime or GeneralizedTime as RFC 5280, section 4.1.2.5 has it. False: no memory.
bool set_time(ASN1_TIME* time, WallTime to);

struct Validity {
  WallTime not_before{}, not_after{};
  bool operator==(const Validity&) const = default;
};

// Clocks of clients are behind ours: leaves are valid since an hour ago.
inline constexpr Seconds kBackdated{3'600};
// The most that browsers take: 200 days, counted from not_before (CA/Browser Forum, ballot SC-081).
inline constexpr Seconds kMostValidity = std::chrono::days{200} - Seconds{1};

struct ValidityLimits {
  Seconds validity;      // of a leaf, from not_before; at most kMostValidity
  bool beyond_upstream;  // leaves may be valid longer than the upstream's certificate
};

// Of a leaf that is minted now: never beyond its issuer's own; and, when the upstream's is valid
// now, not beyond that unless it may. (An upstream's that is not valid is only mirrored by a
// trusted issuer when the operator does not verify it.)
Validity leaf_validity(WallTime now, const ValidityLimits& limits, const Validity& issuer,
                       const std::optional<Validity>& upstream);

}  // namespace hyalite
