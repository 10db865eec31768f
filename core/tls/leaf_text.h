// What a leaf says: the names of an upstream's certificate, checked and bounded.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/clock.h"
#include "base/result.h"
#include "tls/leaf_source.h"

namespace hyalite {

struct LeafText {
  LeafIssuer issuer = LeafIssuer::trusted;
  std::string common_name;             // empty: none; at most kMostCommonName bytes
  std::vector<std::string> dns;        // in lower case; may begin "*."
  std::vector<IpAddress> addresses;    // beside them
  std::optional<WallTime> not_before;  // as the upstream's certificate has them
  std::optional<WallTime> not_after;
  // It follows from the server name asked for, too, not from the upstream's certificate alone.
  bool for_this_name = false;

  bool operator==(const LeafText&) const = default;
};

inline constexpr std::size_t kMostCommonName = 64;  // RFC 5280, appendix A: ub-common-name
inline constexpr std::size_t kMostDnsName = 253;    // RFC 1035, section 2.3.4, without the last dot

// A name as certificates have it: labels of letters, digits, '-' and '_', in lower case; the first
// may be "*" when two or more follow. What browsers would not match is no name.
bool is_certificate_name(std::string_view name);
// What may stand in a subject: UTF-8 without control characters, at most kMostCommonName bytes, not empty.
bool is_common_name(std::string_view name);
// Does `pattern`, such a name, stand for `host`, in lower case (RFC 6125, section 6.4)?
bool name_matches(std::string_view pattern, std::string_view host);

// The text of a leaf for this wish; at most `most_names` names. Of the upstream's certificate:
// dNSName and iPAddress; its common name when it has neither (what some devices still have). Names
// with NULs or other odd characters, and all other kinds, are left out. Without an upstream, and
// for an untrusted issuer when there is nothing to mirror: the server name, else the destination.
// An error is the upstream's: a certificate of which no name is left.
Result<LeafText> leaf_text(const LeafWish& wish, std::size_t most_names);

}  // namespace hyalite
