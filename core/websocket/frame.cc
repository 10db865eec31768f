// One frame of a WebSocket connection: its head, read and written.
// SPDX-License-Identifier: MIT
#include "websocket/frame.h"

#include <sys/random.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace hyalite {

namespace {

constexpr unsigned kFinal = 0x80, kReserved = 0x70, kOpcode = 0x0f, kMasked = 0x80, kLength = 0x7f;

unsigned byte(Bytes bytes, std::size_t at) { return static_cast<unsigned char>(bytes[at]); }

bool is_known(unsigned opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

std::uint64_t number(Bytes bytes) {
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) out = out << 8 | byte(bytes, i);
  return out;
}

}  // namespace

// Whatever can be known to be wrong is said at the first byte that shows it.
FrameHeadRead read_frame_head(Bytes bytes, FrameHead& out) {
  if (bytes.empty()) return {};
  const unsigned first = byte(bytes, 0);
  if ((first & kReserved) != 0) return {0, FrameRefusal::reserved_bit};
  if (!is_known(first & kOpcode)) return {0, FrameRefusal::unknown_opcode};
  out.opcode = static_cast<Opcode>(first & kOpcode);
  out.final = (first & kFinal) != 0;
  if (is_control(out.opcode) && !out.final) return {0, FrameRefusal::control_fragmented};
  if (bytes.size() < 2) return {};
  const unsigned second = byte(bytes, 1);
  const std::size_t wide = (second & kLength) == 126 ? 2 : (second & kLength) == 127 ? 8 : 0;
  if (is_control(out.opcode) && wide > 0) return {0, FrameRefusal::control_too_long};
  if (bytes.size() < 2 + wide) return {};
  out.length = wide == 0 ? second & kLength : number(bytes.substr(2, wide));
  if ((wide == 2 && out.length < 126) || (wide == 8 && out.length <= 0xffff)) return {0, FrameRefusal::length_not_minimal};
  if (out.length >> 63 != 0) return {0, FrameRefusal::length_too_large};
  out.mask.reset();
  const std::size_t masked = (second & kMasked) != 0 ? 4 : 0;
  if (bytes.size() < 2 + wide + masked) return {};
  if (masked > 0) std::memcpy(out.mask.emplace().data(), bytes.data() + 2 + wide, masked);
  return {2 + wide + masked, std::nullopt};
}

std::string written(const FrameHead& head) {
  std::string out;
  out += static_cast<char>((head.final ? kFinal : 0u) | static_cast<unsigned>(head.opcode));
  const std::size_t wide = head.length < 126 ? 0 : head.length <= 0xffff ? 2 : 8;
  const unsigned shown = wide == 0 ? static_cast<unsigned>(head.length) : wide == 2 ? 126u : 127u;
  out += static_cast<char>((head.mask ? kMasked : 0u) | shown);
  for (std::size_t i = wide; i-- > 0;) out += static_cast<char>(head.length >> (8 * i) & 0xff);
  if (head.mask) out.append(head.mask->data(), head.mask->size());
  return out;
}

std::string written(const FrameHead& head, Bytes payload) {
  std::string out = written(head);
  const std::size_t at = out.size();
  out += payload;
  if (head.mask) mask_over(out.data() + at, payload.size(), *head.mask, 0);
  return out;
}

void mask_over(char* bytes, std::size_t size, const FrameMask& mask, std::uint64_t at) {
  std::array<char, 8> turned;
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(at + i) & 3];
  std::uint64_t eight = 0;
  std::memcpy(&eight, turned.data(), sizeof eight);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, sizeof word);
    word ^= eight;
    std::memcpy(bytes + i, &word, sizeof word);
  }
  for (; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ turned[i & 7]);
}

FrameMask fresh_mask() {
  FrameMask mask;
  // Four bytes are never given in part, nor refused once the machine is up (random(4)).
  if (::getrandom(mask.data(), mask.size(), 0) != static_cast<ssize_t>(mask.size())) std::abort();
  return mask;
}

bool may_be_sent(unsigned code) {
  // 1004 to 1006 and 1015 are never sent; what is registered beyond RFC 6455: 1012 to 1014.
  const bool of_the_protocol = code >= 1000 && code <= 1014 && !(code >= 1004 && code <= 1006);
  return of_the_protocol || (code >= 3000 && code <= 4999);
}

std::string close_payload(unsigned code, Bytes reason) {
  if (code == 1005) return {};
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return out += reason;
}

}  // namespace hyalite
