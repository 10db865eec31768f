// What the host gives, as a newer host would give it: longer, with values that nobody knows yet.
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "check/layer.h"
#include "plugin/abi.h"

namespace hyalite {

inline constexpr std::size_t kTail = 64;
inline constexpr int kUnknown = 0xa5;

// Structures that begin with their size, and may be longer than the plugin knows.
template <class T>
concept Sized = std::is_same_v<T, hyalite_flow_info> || std::is_same_v<T, hyalite_flow_summary> ||
                std::is_same_v<T, hyalite_client_hello> || std::is_same_v<T, hyalite_tls_info> ||
                std::is_same_v<T, hyalite_request_line> || std::is_same_v<T, hyalite_response_line> ||
                std::is_same_v<T, hyalite_exchange_summary> || std::is_same_v<T, hyalite_window_view> ||
                std::is_same_v<T, hyalite_resumption> || std::is_same_v<T, hyalite_worker> || std::is_same_v<T, hyalite_ws_message>;

template <class T>
T newer(T as_it_is) {
  return as_it_is;
}
template <Sized T>
const T* newer(const T* given) {
  Layer& layer = Layer::get();
  if (!layer.plan.newer || given == nullptr) return given;
  char* longer = static_cast<char*>(layer.lend(sizeof(T) + kTail));
  std::memset(longer, kUnknown, sizeof(T) + kTail);
  std::memcpy(longer, given, sizeof(T));
  const std::uint32_t size = sizeof(T) + kTail;
  std::memcpy(longer, &size, sizeof size);
  return reinterpret_cast<const T*>(longer);
}
inline const hyalite_headers* newer(const hyalite_headers* given) {
  Layer& layer = Layer::get();
  if (!layer.plan.newer || given == nullptr) return given;
  const std::size_t stride = given->stride + 24;
  char* items = static_cast<char*>(layer.lend(stride * given->count + kTail));
  std::memset(items, kUnknown, stride * given->count + kTail);
  for (std::uint32_t i = 0; i < given->count; ++i)
    std::memcpy(items + i * stride, hyalite_header_at(given, i), sizeof(hyalite_header));
  char* longer = static_cast<char*>(layer.lend(sizeof *given + kTail));
  std::memset(longer, kUnknown, sizeof *given + kTail);
  hyalite_headers wide = *given;
  wide.size = sizeof *given + kTail;
  wide.stride = static_cast<std::uint32_t>(stride);
  wide.items = reinterpret_cast<const hyalite_header*>(items);
  std::memcpy(longer, &wide, sizeof wide);
  return reinterpret_cast<const hyalite_headers*>(longer);
}

}  // namespace hyalite
