// Addresses in numbers without a question to the kernel: this program's own getnameinfo(3).
// SPDX-License-Identifier: MIT
#include "event/numeric_names.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace hyalite {

namespace {

constexpr int kNumbers = NI_NUMERICHOST | NI_NUMERICSERV;

struct Numbers {
  std::string host, port;
};

template <class Sockaddr>
std::optional<Sockaddr> as(const sockaddr* address, socklen_t size) {
  if (size < sizeof(Sockaddr)) return std::nullopt;
  Sockaddr one;
  std::memcpy(&one, address, sizeof one);
  return one;
}

std::string text_of(int family, const void* bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(family, bytes, text, sizeof text);
  return text;
}

// Nothing: the address is shorter than its family's.
std::optional<Numbers> numbers_of(const sockaddr* address, socklen_t size) {
  if (address->sa_family == AF_INET) {
    const auto v4 = as<sockaddr_in>(address, size);
    if (!v4) return std::nullopt;
    return Numbers{text_of(AF_INET, &v4->sin_addr), std::to_string(ntohs(v4->sin_port))};
  }
  const auto v6 = as<sockaddr_in6>(address, size);
  if (!v6) return std::nullopt;
  std::string host = text_of(AF_INET6, &v6->sin6_addr);
  if (v6->sin6_scope_id != 0) host += '%' + std::to_string(v6->sin6_scope_id);
  return Numbers{std::move(host), std::to_string(ntohs(v6->sin6_port))};
}

// Where an answer goes; no place, or one of no size: it is not wanted.
struct Place {
  char* begin;
  socklen_t size;
  bool wanted() const { return begin != nullptr && size != 0; }
  bool takes(std::string_view text) const { return !wanted() || text.size() < size; }
  void write(const std::string& text) const {
    if (wanted()) std::memcpy(begin, text.c_str(), text.size() + 1);
  }
};

int write_numbers(const sockaddr* address, socklen_t size, Place host, Place port) {
  if (!host.wanted() && !port.wanted()) return EAI_NONAME;
  const auto numbers = numbers_of(address, size);
  if (!numbers) return EAI_FAMILY;
  if (!host.takes(numbers->host) || !port.takes(numbers->port)) return EAI_OVERFLOW;
  host.write(numbers->host);
  port.write(numbers->port);
  return 0;
}

bool is_of_ip(const sockaddr* address, socklen_t size) {
  return address != nullptr && size >= sizeof(sa_family_t) &&
         (address->sa_family == AF_INET || address->sa_family == AF_INET6);
}

int ask_the_library(const sockaddr* address, socklen_t size, Place host, Place port, int flags) {
  const auto real = reinterpret_cast<decltype(&::getnameinfo)>(::dlsym(RTLD_NEXT, "getnameinfo"));
  if (real == nullptr) return EAI_FAIL;
  return real(address, size, host.begin, host.size, port.begin, port.size, flags);
}

}  // namespace

void use_numeric_names() {}

}  // namespace hyalite

// Seen from outside of this program, whatever the rest is compiled with: libevent is to find it.
extern "C" __attribute__((visibility("default"))) int getnameinfo(
    const sockaddr* __restrict address, socklen_t size, char* __restrict host, socklen_t host_size,
    char* __restrict port, socklen_t port_size, int flags) {
  const hyalite::Place to_host{host, host_size}, to_port{port, port_size};
  if ((flags & hyalite::kNumbers) != hyalite::kNumbers || !hyalite::is_of_ip(address, size))
    return hyalite::ask_the_library(address, size, to_host, to_port, flags);
  return hyalite::write_numbers(address, size, to_host, to_port);
}
