// What a leaf says: the names of an upstream's certificate, checked and bounded.
// SPDX-License-Identifier: MIT
#include "tls/leaf_text.h"

#include <openssl/x509v3.h>

#include <algorithm>

#include "base/text.h"
#include "tls/dates.h"

namespace hyalite {

namespace {

using Names = Owned<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr bool is_label_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 &&
         std::all_of(label.begin(), label.end(), is_label_character);
}

std::string_view bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

// As leaves have it; empty when it is none.
std::string certificate_name(std::string_view text) {
  std::string name = to_lower(text);
  if (name.ends_with('.')) name.pop_back();
  return is_certificate_name(name) ? name : std::string();
}

std::optional<IpAddress> address_of(std::string_view bytes) {
  if (bytes.size() == sizeof(in_addr)) {
    in_addr four;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&four));
    return IpAddress::v4(four);
  }
  if (bytes.size() == sizeof(in6_addr)) {
    in6_addr six;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&six));
    return IpAddress::v6(six);
  }
  return std::nullopt;
}

void add_name(LeafText& text, std::string_view name) {
  if (const auto ip = IpAddress::parse(name)) {
    text.addresses.push_back(*ip);
  } else if (std::string dns = certificate_name(name); !dns.empty()) {
    text.dns.push_back(std::move(dns));
  }
}

void add_alternative_names(LeafText& text, const GENERAL_NAMES* names) {
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) {
      if (std::string dns = certificate_name(bytes_of(name->d.dNSName)); !dns.empty())
        text.dns.push_back(std::move(dns));
    } else if (name->type == GEN_IPADD) {
      if (const auto ip = address_of(bytes_of(name->d.iPAddress))) text.addresses.push_back(*ip);
    }
  }
}

// The last one, which is the most specific: what verifiers take.
std::string common_name_of(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) last = at;
  if (last < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size =
      ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

void mirror(LeafText& text, X509* upstream) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(upstream, NID_subject_alt_name, nullptr, nullptr)));
  const std::string common_name = common_name_of(upstream);
  if (names) add_alternative_names(text, names.get());
  if (text.dns.empty() && text.addresses.empty()) add_name(text, common_name);
  if (is_common_name(common_name)) text.common_name = common_name;
  text.not_before = wall_time_of(X509_get0_notBefore(upstream));
  text.not_after = wall_time_of(X509_get0_notAfter(upstream));
}

void add_what_was_asked(LeafText& text, const LeafWish& wish) {
  text.for_this_name = true;
  add_name(text, wish.server_name);
  if (text.dns.empty() && text.addresses.empty()) text.addresses.push_back(wish.destination);
}

// More than a leaf may have: those that the client asks for, then from the beginning.
void cut(LeafText& text, const LeafWish& wish, std::size_t most_names) {
  if (text.dns.size() + text.addresses.size() <= most_names) return;
  text.for_this_name = true;
  std::stable_partition(text.dns.begin(), text.dns.end(), [&](const std::string& name) {
    return name_matches(name, wish.server_name);
  });
  std::stable_partition(text.addresses.begin(), text.addresses.end(),
                        [&](const IpAddress& ip) { return ip == wish.destination; });
  // Half of them each, unless one kind leaves room.
  const std::size_t addresses =
      std::min(text.addresses.size(),
               std::max(most_names / 2, most_names - std::min(most_names, text.dns.size())));
  text.addresses.resize(addresses);
  text.dns.resize(std::min(text.dns.size(), most_names - addresses));
}

}  // namespace

bool is_certificate_name(std::string_view name) {
  if (name.empty() || name.size() > kMostDnsName) return false;
  const auto labels = split(name, '.');
  const bool wildcard = labels[0] == "*";
  if (wildcard && labels.size() < 3) return false;
  return std::all_of(labels.begin() + (wildcard ? 1 : 0), labels.end(), is_label);
}

bool is_common_name(std::string_view name) {
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  return !name.empty() && name.size() <= kMostCommonName && is_utf8(name) &&
         std::none_of(name.begin(), name.end(), is_control);
}

bool name_matches(std::string_view pattern, std::string_view host) {
  if (pattern == host) return true;
  const std::size_t dot = host.find('.');
  return pattern.starts_with("*.") && dot != std::string_view::npos && dot > 0 &&
         pattern.substr(1) == host.substr(dot);
}

Result<LeafText> leaf_text(const LeafWish& wish, std::size_t most_names) {
  LeafText text;
  text.issuer = wish.issuer;
  if (wish.upstream) mirror(text, wish.upstream.get());
  if (text.dns.empty() && text.addresses.empty()) {
    if (wish.upstream && wish.issuer == LeafIssuer::trusted)
      return Error{Fault::upstream, "the server's certificate has no name that could be mirrored"};
    add_what_was_asked(text, wish);
  }
  cut(text, wish, most_names);
  if (text.common_name.empty() && !text.dns.empty() && text.dns[0].size() <= kMostCommonName)
    text.common_name = text.dns[0];
  return text;
}

}  // namespace hyalite
