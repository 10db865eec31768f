// What of a request or response may stand in a record: secrets are left out, what they belong to
// stays. Pure functions. SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

// What stands in a secret's place.
inline constexpr std::string_view kRedacted = "[redacted]";

// What is a secret, beside what always is (redacted_header). Names are lower case.
struct Redaction {
  bool off = false;                  // nothing is a secret: only where the operator says so
  std::vector<std::string> query;    // parameters of a URL; "*", which comes first, is each of them
  std::vector<std::string> headers;  // headers whose whole value is one

  static const std::vector<std::string>& usual_query();
  static const std::vector<std::string>& usual_headers();
};

// A header's value. Authorization and Proxy-Authorization keep their scheme; Cookie keeps its
// names, Set-Cookie its name and attributes; URLs (Referer, Location, Content-Location) are treated
// as redacted_url does. The same secret-free text comes out whatever the secret was, and redacting
// twice changes nothing.
std::string redacted_header(std::string_view name, std::string_view value,
                            const Redaction& redaction);

// A URL or a request's target. Names of parameters are compared decoded, in any case, and also as
// parts of names such as user[password], reset_password_token or clientSecret; parameters of a
// fragment count, too. Names are looked for behind "&", ";", "?" and "#"; a secret goes on to the
// next "&" or "#". User and password before a host are left out.
std::string redacted_url(std::string_view url, const Redaction& redaction);
// The same without a copy where there is nothing that could be a secret; else it is made in `room`.
std::string_view redacted_url(std::string_view url, const Redaction& redaction, std::string& room);
