// Dates in certificates, and until when a leaf may be valid.
// SPDX-License-Identifier: MIT
#include "tls/dates.h"

#include <algorithm>
#include <ctime>

namespace hyalite {

std::optional<WallTime> wall_time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  const auto day = std::chrono::year(parts.tm_year + 1900) /
                   std::chrono::month(static_cast<unsigned>(parts.tm_mon + 1)) /
                   std::chrono::day(static_cast<unsigned>(parts.tm_mday));
  const auto seconds = std::chrono::sys_days(day).time_since_epoch() +
                       std::chrono::hours(parts.tm_hour) + std::chrono::minutes(parts.tm_min) +
                       Seconds(parts.tm_sec);
  // WallTime counts nanoseconds: 1677 to 2262. "For ever" is 9999 (RFC 5280, 4.1.2.5).
  constexpr auto kLast = std::chrono::floor<Seconds>(WallTime::max().time_since_epoch());
  constexpr auto kFirst = std::chrono::ceil<Seconds>(WallTime::min().time_since_epoch());
  return WallTime(std::clamp(std::chrono::duration_cast<Seconds>(seconds), kFirst, kLast));
}

bool set_time(ASN1_TIME* time, WallTime to) {
  return ASN1_TIME_set(time, std::chrono::system_clock::to_time_t(to)) != nullptr;
}

Validity leaf_validity(WallTime now, const ValidityLimits& limits, const Validity& issuer,
                       const std::optional<Validity>& upstream) {
  const auto second = std::chrono::floor<Seconds>(now);
  Validity validity;
  validity.not_before = std::max<WallTime>(second - kBackdated, issuer.not_before);
  validity.not_after = std::min<WallTime>(
      second - kBackdated + std::min(limits.validity, kMostValidity), issuer.not_after);
  const bool upstream_valid = upstream && upstream->not_before <= now && now < upstream->not_after;
  if (upstream_valid && !limits.beyond_upstream)
    validity.not_after = std::min(validity.not_after, upstream->not_after);
  return validity;
}

}  // namespace hyalite
