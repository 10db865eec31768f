/* Networks of IP addresses, for rules about clients and destinations. Header-only, C and C++.
 * SPDX-License-Identifier: MIT */
#ifndef HYALITE_NETWORK_H_
#define HYALITE_NETWORK_H_

#include <arpa/inet.h>
#include <hyalite/abi.h>
#include <string.h>

/* "10.0.0.0/8", "2001:db8::/32", or one address. */
typedef struct hyalite_network {
  uint8_t family;      /* 4 or 6 */
  uint8_t prefix_bits; /* 0 to 32, or to 128 */
  uint8_t bytes[16];   /* as in hyalite_address */
} hyalite_network;

/* 1: `out` is the network; 0: the text is none. Bits behind the prefix do not count. */
static inline int hyalite_network_parse(hyalite_bytes text, hyalite_network* out) {
  char copy[64];
  size_t length = 0, bits = 0, most;
  while (length < text.size && text.data[length] != '/') ++length;
  if (length == 0 || length >= sizeof copy) return 0;
  memcpy(copy, text.data, length);
  copy[length] = '\0';
  memset(out, 0, sizeof *out);
  out->family = memchr(copy, ':', length) != NULL ? 6 : 4;
  most = out->family == 6 ? 128 : 32;
  if (inet_pton(out->family == 6 ? AF_INET6 : AF_INET, copy, out->bytes) != 1) return 0;
  out->prefix_bits = (uint8_t)most;
  if (length == text.size) return 1;
  if (++length == text.size || text.size - length > 3) return 0;
  for (; length < text.size; ++length) {
    if (text.data[length] < '0' || text.data[length] > '9') return 0;
    bits = bits * 10 + (size_t)(text.data[length] - '0');
  }
  if (bits > most) return 0;
  out->prefix_bits = (uint8_t)bits;
  return 1;
}

static inline int hyalite_network_contains(const hyalite_network* network,
                                           const hyalite_address* address) {
  const size_t whole = network->prefix_bits / 8u;
  const unsigned rest = network->prefix_bits % 8u;
  if (network->family != address->family || memcmp(network->bytes, address->bytes, whole) != 0)
    return 0;
  return rest == 0 || (network->bytes[whole] ^ address->bytes[whole]) >> (8u - rest) == 0;
}

#endif
